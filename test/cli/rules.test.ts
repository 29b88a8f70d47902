// Rules for mount tables and uname at work, on each mechanism: exceptions for programs, peer groups,
// /proc/filesystems; and that what no rule names is not stopped.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';

import { type Ended, cli, run } from './helpers.js';

const mechanisms = ['notify', 'trace', 'ptrace'] as const;
const isRoot = process.getuid?.() === 0;

function policyFile(test: Test, sections: readonly string[]): string {
  const place = mkdtempSync(path.join(tmpdir(), 'rules-'));
  test.teardown(() => {
    rmSync(place, { recursive: true });
  });
  const file = path.join(place, 'policy.yaml');
  writeFileSync(file, ['apiVersion: seccomp-spoof/v1', 'name: policy', ...sections, ''].join('\n'));
  return file;
}

type Wrapped = (script: string) => Promise<Ended>;

/** For each mechanism: what runs a shell script under these rules. */
async function onEach(
  title: string,
  sections: readonly string[],
  check: (test: Test, wrapped: Wrapped, mechanism: string) => Promise<void>,
): Promise<void> {
  for (const mechanism of mechanisms) {
    await t.test(`${title}, by ${mechanism}`, async (test) => {
      const policy = policyFile(test, sections);
      const words = ['exec', '-m', mechanism, '--policy', policy, '--', 'sh', '-c'];
      await check(test, (script) => cli([...words, script]), mechanism);
    });
  }
}

await onEach(
  'programs that are excepted read the truth',
  [
    'mounts:',
    '  - when: { fstype: tmpfs }',
    '    except: { program: [head, mawk*] }',
    '    answer: { fstype: xfs }',
  ],
  async (test, wrapped) => {
    const line = "grep -o ' /dev/shm [a-z0-9]*'";
    const told = await wrapped(`cat /proc/mounts | ${line}; head -n 999 /proc/mounts | ${line}`);
    test.match(told, { status: 0, stdout: ' /dev/shm xfs\n /dev/shm tmpfs\n', stderr: '' });
  },
);

await onEach(
  'a peer group for mounts that have none',
  ['mounts:', '  - when: { fstype: tmpfs }', '    answer: { shared: 7 }'],
  async (test, wrapped) => {
    const { status, stdout } = await wrapped('grep " - tmpfs " /proc/self/mountinfo');
    test.equal(status, 0);
    for (const line of stdout.trim().split('\n')) test.match(line, / shared:\d+ (.* )?- tmpfs /);
    const native = await run('grep', [' - tmpfs ', '/proc/self/mountinfo']);
    test.equal(
      stdout.replaceAll(' shared:7', ''),
      native.stdout.replaceAll(' shared:7', ''),
      'nothing else is different',
    );
  },
);

await onEach(
  'what tables name /proc/filesystems knows',
  ['mounts:', '  - when: { fstype: tmpfs }', '    answer: { fstype: zonefs }'],
  async (test, wrapped) => {
    const native = await run('cat', ['/proc/filesystems']);
    const told = await wrapped('cat /proc/filesystems');
    test.equal(told.status, 0);
    test.equal(told.stdout, `${native.stdout}\tzonefs\n`);
  },
);

await onEach(
  'uname',
  ['uname: { release: "5.15.0-test", version: "#1 SMP" }'],
  async (test, wrapped, mechanism) => {
    const [host, machine] = [await run('uname', ['-n']), await run('uname', ['-m'])];
    const told = await wrapped('uname -r; uname -v; uname -n; uname -m');
    test.match(told, {
      status: 0,
      stdout: `5.15.0-test\n#1 SMP\n${host.stdout}${machine.stdout}`,
      stderr: '',
    });
    if (!isRoot) return;
    // Names of another UTS namespace are not ours to tell: there the truth is told under notify.
    const apart = await wrapped('unshare --uts sh -c "hostname elsewhere; uname -n; uname -r"');
    const release = (await run('uname', ['-r'])).stdout.trim();
    const expected = mechanism === 'notify' ? release : '5.15.0-test';
    test.equal(apart.stdout, `elsewhere\n${expected}\n`);
  },
);

await t.test('without rules for files or tables no open is stopped', async (test) => {
  const policy = policyFile(test, [
    'statfs:',
    '  - when: { type: tmpfs }',
    '    answer: { type: xfs }',
  ]);
  const stats = ['--stats', '--stats-format', 'json'];
  const { status, stderr } = await cli([
    ...['exec', '-m', 'notify', '--policy', policy, ...stats],
    ...['--', 'cat', '/etc/passwd', '/proc/mounts'],
  ]);
  test.equal(status, 0);
  test.match(JSON.parse(stderr), { stopped: 0 });
});

await t.test('with them an open that no rule names is let run', async (test) => {
  const { status, stderr } = await cli([
    ...['exec', '-m', 'notify', '--fstype', 'tmpfs=xfs', '--stats', '--stats-format', 'json'],
    ...['--', 'cat', '/etc/passwd', '/etc/passwd'],
  ]);
  const counted = JSON.parse(stderr) as { stopped: number; answered: number; letRun: number };
  test.equal(status, 0);
  test.ok(counted.letRun >= 2, 'both are counted');
  test.equal(counted.answered, 0);
});
