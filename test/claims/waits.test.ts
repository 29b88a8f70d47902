// Nobody waits where others must be served (docs/decisions/0016): pages that their server withholds, a
// log that nobody reads, a worker that is stopped or held, or that cannot be had.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { cleanCommand } from '../support/environment.js';
import { seccompSpoof } from '../support/paths.js';
import { freezers, removeCgroup } from '../support/freezer.js';
import { childrenOf, numberOf, readLog, Subject } from '../support/subject.js';
import { compile, logged, mechanisms, needsRoot, place, run } from './helpers.js';

const rule = '{ path: DIR/ruled, content: "told\\n", writes: discard, mode: "0666" }';
const real = 'what is really there\n';
const needsFuse =
  needsRoot === false && !existsSync('/dev/fuse') ? 'there is no /dev/fuse' : needsRoot;

function ruledPlace(test: Test): { directory: string; policy: string; ruled: string } {
  const { directory, policy } = place(test, 'files', [rule]);
  const ruled = path.join(directory, 'ruled');
  writeFileSync(ruled, real);
  chmodSync(ruled, 0o666);
  return { directory, policy, ruled };
}

function spoofed(policy: string, mechanism: string, more: readonly string[]): string[] {
  return [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--fstype', 'tmpfs=ext4', ...more];
}

const ownMounts = ['unshare', '--mount', '--propagation', 'private'];

function start(test: Test, words: readonly string[]): Subject {
  const [program, all] = cleanCommand(words);
  const subject = new Subject([program, ...all]);
  test.teardown(() => {
    subject.kill();
  });
  return subject;
}

for (const mechanism of mechanisms)
  for (const memory of ['fuse', 'userfaultfd', 'writers'])
    await t.test(
      `paths and answers in pages of ${memory}, whose server is wrapped, too, by ${mechanism}`,
      { skip: needsFuse },
      (test) => {
        const pages = compile('pages');
        const { directory, policy, ruled } = ruledPlace(test);
        const mount = path.join(directory, 'mount');
        mkdirSync(mount);
        const words = [...ownMounts, ...spoofed(policy, mechanism, ['--', pages, memory, mount])];
        const { stdout, stderr } = run([...words, ruled]);
        test.equal(stderr, '');
        if (stdout === 'not permitted\n') test.comment(`not applicable: ${memory}`);
        else
          test.same(stdout.trimEnd().split('\n'), [
            'open: same',
            'stat: same',
            'statfs: same',
            'readlink: same',
            'open for writing: same',
            "stat's answer: same",
            "statfs's answer: same",
            'open from a stack: same',
            'fstatfs of a file: same',
          ]);
        test.equal(readFileSync(ruled, 'utf8'), real);
        test.end();
      },
    );

for (const mechanism of mechanisms)
  await t.test(`a log that nobody reads, by ${mechanism}`, (test) => {
    const { directory, policy, ruled } = ruledPlace(test);
    const log = path.join(directory, 'log');
    execFileSync('mkfifo', [log]);
    // Somebody has it open, and reads nothing; so many lines find no room in a pipe.
    const script = `exec 9<>${log}; P="$*"; $P sh -c 'i=0; while [ $i -lt 3000 ]; do read -r line <${ruled}; [ "$line" = told ] || echo "$line"; i=$((i + 1)); done'; echo $?`;
    const words = spoofed(policy, mechanism, ['--log-file', log, '--log-level', 'trace', '--']);
    const { stdout, stderr } = run(['sh', '-c', script, 'sh', ...words]);
    test.same([stdout, stderr], ['0\n', '']);
    test.end();
  });

interface Asked {
  readonly subject: Subject;
  readonly guardian: number;
  readonly worker: number;
  readonly log: string;
  readonly ruled: string;
}

async function startAsk(test: Test, user: readonly string[] = []): Promise<Asked> {
  const { directory, policy, ruled } = ruledPlace(test);
  const log = path.join(directory, 'log');
  writeFileSync(log, '');
  chmodSync(log, 0o666);
  const words = spoofed(policy, 'notify', ['--log-file', log, '--', compile('ask'), ruled]);
  const subject = start(test, [...user, ...words]);
  await subject.hear('ready');
  const guardian = numberOf(
    readLog(log).find((line) => line.msg === 'guardian started'),
    'guardian',
  );
  const [worker = 0] = childrenOf(guardian);
  return { subject, guardian, worker, log, ruled };
}

/** What keeps a guardian from making workers, and what lets it again. */
type Limit = (test: Test, guardian: number) => (() => void) | undefined;

const asUser = ['setpriv', '--reuid=12346', '--regid=12346', '--clear-groups'];

const byProcesses: Limit = (_test, guardian) => {
  const limits = readFileSync(`/proc/${guardian}/limits`, 'utf8');
  const [, before = ''] = /^Max processes +(\d+|unlimited)/m.exec(limits) ?? [];
  const set = (limit: string): void => {
    const words = ['prlimit', '--pid', String(guardian), `--nproc=${limit}:`];
    const { stderr } = run([...asUser, ...words]);
    if (stderr !== '') throw new Error(stderr);
  };
  set('1');
  return () => {
    set(before);
  };
};

function makeCgroup(test: Test): string | undefined {
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [type = '', , options = ''] = after.split(' ');
    if (!type.startsWith('cgroup') || (type === 'cgroup' && !options.split(',').includes('pids')))
      continue;
    try {
      const directory = mkdtempSync(path.join(before.split(' ')[4] ?? '', 'waits-'));
      test.teardown(async () => {
        await removeCgroup(directory);
      });
      if (existsSync(path.join(directory, 'pids.max'))) return directory;
    } catch {
      // another one may do
    }
  }
  return undefined;
}

const byCgroup: Limit = (test, guardian) => {
  const directory = makeCgroup(test);
  if (directory === undefined) return undefined;
  const [worker = 0] = childrenOf(guardian);
  for (const pid of [guardian, worker])
    writeFileSync(path.join(directory, 'cgroup.procs'), String(pid));
  writeFileSync(path.join(directory, 'pids.max'), '1');
  return () => {
    writeFileSync(path.join(directory, 'pids.max'), 'max');
  };
};

for (const [name, limit] of [
  ['RLIMIT_NPROC', byProcesses],
  ['pids.max', byCgroup],
] as const)
  await t.test(`no worker can be started, for ${name}`, { skip: needsRoot }, async (test) => {
    const { subject, guardian, worker, log, ruled } = await startAsk(test, asUser);
    test.equal(await subject.ask('read'), 'told');
    const lift = limit(test, guardian);
    if (lift === undefined) {
      test.comment(`not applicable: no cgroup with ${name} can be made here`);
      test.equal(await subject.end(), 0);
      return;
    }
    process.kill(worker, 'SIGKILL');
    await logged(log, 'no worker can be started');
    test.equal(await subject.ask('read'), real.trimEnd(), 'who reads is let through');
    test.equal(await subject.ask('write'), 'EIO', 'who writes is not');
    test.equal(await subject.ask('read'), real.trimEnd());
    test.equal(readFileSync(ruled, 'utf8'), real, 'the file is as it was');
    subject.say('write');
    lift();
    test.match(await subject.next(), /^(EIO|done)$/);
    let told = await subject.ask('read');
    while (told === real.trimEnd()) told = await subject.ask('read');
    test.equal(told, 'told', 'a later worker serves');
    test.equal(await subject.ask('write'), 'done');
    test.equal(readFileSync(ruled, 'utf8'), real, 'the file is as it was');
    test.equal(await subject.end(), 0, subject.errors);
  });

await t.test('a worker that is stopped goes on', async (test) => {
  const { subject, worker, guardian } = await startAsk(test);
  for (let i = 0; i < 20; i++) {
    process.kill(worker, 'SIGSTOP');
    test.equal(await subject.ask('read'), 'told');
    test.equal(await subject.ask('write'), 'done');
  }
  test.same(childrenOf(guardian), [worker], 'it is the same');
  test.equal(await subject.end(), 0, subject.errors);
});

async function hold(test: Test, pid: number): Promise<Subject> {
  const holder = start(test, [compile('holder'), String(pid)]);
  test.equal(await holder.next(), 'held');
  return holder;
}

await t.test('a worker that a debugger holds is replaced', { skip: needsRoot }, async (test) => {
  const { subject, worker, guardian, ruled } = await startAsk(test);
  const holder = await hold(test, worker);
  test.equal(await subject.ask('write'), 'done');
  test.equal(await subject.ask('read'), 'told');
  test.not(childrenOf(guardian).at(-1), worker, 'it is another one');
  test.equal(readFileSync(ruled, 'utf8'), real);
  test.equal(await holder.end(), 0);
  test.equal(await subject.end(), 0, subject.errors);
});

await t.test('a worker that is frozen is replaced', { skip: needsRoot }, async (test) => {
  for (const [kind, cgroup] of freezers(test)) {
    const { subject, worker, guardian, ruled } = await startAsk(test);
    const freeze = (frozen: boolean): void => {
      if (kind === 'freezer v2')
        writeFileSync(path.join(cgroup, 'cgroup.freeze'), frozen ? '1' : '0');
      else writeFileSync(path.join(cgroup, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED');
    };
    writeFileSync(path.join(cgroup, 'cgroup.procs'), String(worker));
    freeze(true);
    test.equal(await subject.ask('write'), 'done', kind);
    test.equal(await subject.ask('read'), 'told', kind);
    test.not(childrenOf(guardian).at(-1), worker, 'it is another one');
    test.equal(readFileSync(ruled, 'utf8'), real);
    freeze(false);
    test.equal(await subject.ask('read'), 'told', kind);
    test.equal(await subject.end(), 0, subject.errors);
  }
});

await t.test('the end, with a worker that a debugger holds', { skip: needsRoot }, async (test) => {
  const { subject, worker, log } = await startAsk(test);
  const holder = await hold(test, worker);
  test.equal(await subject.end(), 0, subject.errors);
  await logged(log, 'totals');
  test.equal(await holder.end(), 0);
});

await t.test(
  'a worker that a debugger holds while it has the only call in hand',
  { skip: needsFuse },
  async (test) => {
    const { directory, policy, ruled } = ruledPlace(test);
    const mount = path.join(directory, 'mount');
    const log = path.join(directory, 'log');
    mkdirSync(mount);
    const words = spoofed(policy, 'notify', ['--log-file', log, '--', compile('stuck'), '1']);
    const subject = start(test, [...ownMounts, ...words, mount, ruled]);
    await subject.hear('stuck');
    const guardian = numberOf(
      readLog(log).find((line) => line.msg === 'guardian started'),
      'guardian',
    );
    const [worker = 0] = childrenOf(guardian);
    const holder = await hold(test, worker);
    subject.say('go');
    test.equal(await subject.next(), '1 right, 0 real, 0 wrong');
    test.equal(await subject.next(), 'afterwards: right');
    test.equal(await holder.end(), 0);
    test.equal(await subject.end(), 0, subject.errors);
  },
);

for (const mechanism of mechanisms)
  await t.test(
    `calls that are over before they are read, by ${mechanism}`,
    { skip: needsFuse },
    (test) => {
      const late = compile('late');
      for (const way of ['killed', 'cut', 'told']) {
        const { directory, policy } = place(test, 'files', [
          '{ path: DIR/ruled, content: "told\\n", writes: keep, mode: "0666" }',
        ]);
        const mount = path.join(directory, 'mount');
        mkdirSync(mount);
        const words = spoofed(policy, mechanism, ['--', late, way, mount]);
        const { stdout, stderr } = run([...ownMounts, ...words, path.join(directory, 'ruled')]);
        test.same([stdout, stderr], ['no\n', ''], way);
      }
      test.end();
    },
  );

for (const mechanism of mechanisms)
  await t.test(`all threads wait for pages, by ${mechanism}`, { skip: needsFuse }, async (test) => {
    const { directory, policy, ruled } = ruledPlace(test);
    const mount = path.join(directory, 'mount');
    const log = path.join(directory, 'log');
    mkdirSync(mount);
    const words = spoofed(policy, mechanism, ['--log-file', log, '--', compile('stuck'), '470']);
    const subject = start(test, [...ownMounts, ...words, mount, ruled]);
    await subject.hear('stuck');
    subject.say('calls');
    test.same(await subject.hear('called'), [
      'beside them: right',
      'for writing: EIO',
      'flags in memory: EIO',
    ]);
    subject.say('go');
    // The last ones find nobody to wait for them.
    test.match(await subject.next(), /^4[3-6]\d right, \d+ real, 0 wrong$/);
    test.equal(await subject.next(), 'afterwards: right');
    test.equal(await subject.end(), 0, subject.errors);
    await logged(log, 'totals');
    const totals = readLog(log).find((line) => line.msg === 'totals');
    test.equal(
      numberOf(totals, 'workerStarts'),
      mechanism === 'notify' ? 1 : 0,
      'the worker was not taken for stuck',
    );
    test.equal(readFileSync(ruled, 'utf8'), real);
  });
