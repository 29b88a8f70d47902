// Parameters on the command line: --set, what the line of k3s says, and the one line about what k3s
// cannot live without. A script is called k3s here; /dev/shm is a filesystem of its own.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import type { DoctorReport } from '../../src/commands/doctor.js';
import { supervisor } from '../support/paths.js';
import { cli, cliWith, standIn, type Ended } from './helpers.js';

const home = t.testdir();
chmodSync(home, 0o755);
const k3s = path.join(home, 'k3s');
writeFileSync(k3s, '#!/bin/sh\necho "$@"\nstat -f -c %T /dev/shm\n');
chmodSync(k3s, 0o755);

const policy = path.join(home, 'mine.yaml');
writeFileSync(
  policy,
  `apiVersion: seccomp-spoof/v1
name: mine
parameters: { data_dir: { default: /nonexistent/data } }
statfs:
  - when: { type: tmpfs, path: '\${data_dir.parents}' }
    answer: { type: ext4 }
`,
);

const env = { HOME: home };
const told = (options: readonly string[], words: readonly string[] = []): Promise<Ended> =>
  cli(['exec', '-q', '--policy', policy, ...options, k3s, ...words], { env });

await t.test('--set and the line of the program', async (t) => {
  const answers = async (options: readonly string[], words: readonly string[], type: string) => {
    // The second time it may come from the cache, where each value has its own.
    for (const time of ['first', 'second']) {
      const ended = await told(options, words);
      const stdout = `${words.join(' ')}\n${type}\n`;
      t.match(
        ended,
        { status: 0, stdout, stderr: '' },
        `${[...options, ...words].join(' ')}, ${time}`,
      );
    }
  };
  const [changed, real] = ['ext2/ext3', 'tmpfs'];
  await answers([], ['server'], real);
  await answers(['--set', 'data_dir=/dev/shm/x'], ['server'], changed);
  await answers([], ['server', '-d', '/dev/shm/x'], changed);
  await answers(['--set=data_dir=/else'], ['server', '-d', '/dev/shm/x'], real);
  await answers(['--no-auto-policy'], ['server', '-d', '/dev/shm/x'], real);
  await answers([], ['kubectl', '-d', '/dev/shm/x'], real);
});

await t.test('wrong values', async (t) => {
  for (const [option, message] of [
    ['data_dir=x', /--set data_dir=x: "x" is no absolute path; write it in full: \/DIRECTORY\/x\n/],
    ['data-dir=/x', /--set data-dir=\/x: expected NAME=DIRECTORY; write --set data_dir=/],
    ['data_dri=/x', /--set data_dri: the policy has no such parameter; did you mean data_dir\?/],
  ] as const) {
    const ended = await told(['--set', option]);
    t.match(ended, { status: 125, stdout: '', stderr: message }, option);
    t.match(ended.stderr, /^seccomp-spoof: [^\n]*\n$/, 'one line');
    for (const words of [
      ['policy', 'check', policy],
      ['policy', 'show', policy],
      ['explain', '-p', policy, '/dev/shm'],
      ['verify', '-p', policy, '/dev/shm'],
    ]) {
      const other = await cli([...words, '--set', option]);
      t.match(other, { status: 2, stderr: message }, words.join(' '));
    }
  }
  const none = await cli(['exec', '--set', 'data_dir=/x', 'true']);
  t.match(none, { status: 125, stderr: /the policy has no such parameter; it has none/ });
});

await t.test('the other verbs', async (t) => {
  const set = ['--set', 'data_dir=/dev/shm/x'];
  const shown = await cli(['policy', 'show', policy, ...set]);
  t.match(
    shown.stdout,
    /^# \$\{data_dir\} is \/dev\/shm\/x \(given; default \/nonexistent\/data\)$/m,
  );
  t.match(shown.stdout, /path: \[ \/, \/dev, \/dev\/shm \]/);
  t.match(await cli(['policy', 'check', policy, ...set]), { status: 0 });
  t.match(await cli(['explain', '-p', policy, '/dev/shm']), { status: 1 });
  const explained = await cli(['explain', '-p', policy, ...set, '/dev/shm']);
  t.match(explained, { status: 0, stdout: /rule {6}mine\/statfs\/1/ });
  const verified = await cli(['verify', '-p', policy, ...set, '--json', '/dev/shm']);
  t.match(verified.stdout, /"name":"ext4"/);
});

/** The real supervisor, but for what it says of overlays. */
const withOverlay = (t: Pick<Test, 'testdir'>, works: boolean): string => {
  const answer = JSON.stringify({ works, why: 'as the test says' });
  return standIn(
    t.testdir({}),
    `[ "$1" = overlay ] && { echo '${answer}'; exit; }\nexec ${supervisor} "$@"`,
  );
};

await t.test('what k3s cannot live without is said in one line', async (t) => {
  const native = withOverlay(t, false);
  // Not on a disk: there an overlay is in doubt.
  const data = '--data-dir=/proc';
  const said = await cliWith(native, ['exec', k3s, 'server', data]);
  t.match(
    said.stderr,
    /^seccomp-spoof: warning: k3s ends here without --snapshotter=native \([^\n]*\)\n$/,
  );
  t.match(said.stdout, new RegExp(`^server ${data}\n`), 'nothing is added');
  for (const words of [
    ['-q', k3s, 'server', data],
    [k3s, 'server', data, '--snapshotter=native'],
    [k3s, 'kubectl', 'get', 'nodes'],
    ['sh', '-c', 'true'],
  ]) {
    t.match(await cliWith(native, ['exec', ...words]), { status: 0, stderr: '' }, words.join(' '));
  }
  const verbose = await cliWith(native, ['exec', '-v', k3s, 'server', data]);
  t.notMatch(verbose.stderr, /ends here without/, 'there is more to read');
  t.match(verbose.stderr, /^seccomp-spoof: policy k3s: 1 rule, data_dir \/proc, kubelet_dir /m);
  t.match(
    verbose.stderr,
    / the whole line: \S*k3s server --data-dir=\/proc --snapshotter=native\n/,
  );
});

await t.test('doctor prints a line that can be run', async (t) => {
  const directory = path.join(home, 'data');
  mkdirSync(directory);
  const words = ['doctor', '--json', k3s, 'server', '-d', directory, '--snapshotter', 'overlayfs'];
  const report = async (works: boolean) =>
    (JSON.parse((await cliWith(withOverlay(t, works), words)).stdout) as DoctorReport).command;
  const bad = await report(false);
  t.match(bad, {
    options: [{ option: '--snapshotter=native', vital: true, yours: false }],
    directories: [{ parameter: 'data_dir', path: directory }, { parameter: 'kubelet_dir' }],
    notes: [],
  });
  t.same(bad?.advised, [k3s, 'server', '-d', directory, '--snapshotter=native']);
  t.same((await report(true))?.options, []);
});
