// What being traced must not change: programs with seccomp filters of their own, waits that signals
// do not end which a program ignores, children that ask not to be traced.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { cleanCommand } from '../support/environment.js';
import { root, seccompSpoof } from '../support/paths.js';

const build = path.join(root, 'test/build/traced');
const mechanisms = ['trace', 'ptrace'];
const asUser = ['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups'];

function compile(name: string): string {
  const program = path.join(build, name);
  mkdirSync(build, { recursive: true });
  const words = ['-O2', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', '-static', '-pthread'];
  const source = path.join(root, 'test/traced', `${name}.c`);
  const { status, stderr } = spawnSync(
    'cc',
    [...words, '-include', 'stdbool.h', '-o', program, source],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return program;
}

function run(words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const [program, all] = cleanCommand(['env', 'SECCOMP_SPOOF_CACHE=off', ...words]);
  return spawnSync(program, all, { encoding: 'utf8', cwd: '/' });
}

/** A directory of its own that all users may search, with files that rules name and a policy. */
function place(t: Test): { directory: string; policy: string } {
  const directory = mkdtempSync('/dev/shm/seccomp-spoof-');
  chmodSync(directory, 0o755);
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  for (const name of ['content', 'redirect', 'kept', 'target']) {
    writeFileSync(path.join(directory, name), name === 'target' ? 'target\n' : 'real\n');
    chmodSync(path.join(directory, name), 0o666);
  }
  const policy = path.join(directory, 'policy.yaml');
  const text = `apiVersion: seccomp-spoof/v1
name: traced
files:
  - { path: ${directory}/content, content: "told\\n" }
  - { path: ${directory}/redirect, redirect: ${directory}/target }
  - { path: ${directory}/kept, content: "told\\n", writes: keep, mode: "0666" }
  - { path: ${directory}/missing/none, content: "told\\n", parents: true }
statfs:
  - { when: { type: proc, path: "/proc/**" }, answer: { type: ext4 } }
mounts:
  - { when: { fstype: proc }, answer: { fstype: told } }
`;
  writeFileSync(policy, text);
  return { directory, policy };
}

const filtered = [
  'begins',
  'content: told',
  'no link: told',
  'redirect: target',
  'not to be written: EACCES',
  'written: done',
  'kept: new',
  'table: told',
  'statfs: done ef53',
  'fstatfs: done ef53',
  'stat: done 5',
  'access: done',
  'truncate: EACCES',
  '',
];

/** By whom `exec` is started: who may not suspend filters takes another way. */
const starters = process.getuid?.() === 0 ? [[], asUser] : [[]];

function isReached(starter: readonly string[], program: string): boolean {
  const test = ['sh', '-c', 'test -x "$1" && test -x "$2"', '-', seccompSpoof, program];
  return run([...starter, ...test]).status === 0;
}

for (const mechanism of mechanisms) {
  for (const starter of starters) {
    const who = starter.length > 0 ? 'an ordinary user' : 'whoever runs the tests';
    await t.test(`a filter of its own, by ${mechanism}, started by ${who}`, (t) => {
      const program = compile('filtered');
      if (!isReached(starter, program)) {
        t.end();
        return;
      }
      for (const action of ['kill', 'refuse', 'unknown']) {
        const { directory, policy } = place(t);
        const command = [...starter, seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--'];
        const { status, stdout, stderr } = run([...command, program, action, directory]);
        t.equal(stderr, '');
        t.equal(status, 0, action);
        t.same(stdout.split('\n'), filtered, action);
        t.equal(readFileSync(path.join(directory, 'content'), 'utf8'), 'real\n');
        t.equal(readFileSync(path.join(directory, 'kept'), 'utf8'), 'real\n');
      }
      t.end();
    });
  }

  await t.test(`memory below a stack that is a neighbour's, by ${mechanism}`, (t) => {
    /* Who may suspend filters has the path put elsewhere. */
    const starter = starters.at(-1) ?? [];
    const program = compile('neighbour');
    const { directory, policy } = place(t);
    const [asked, fifo] = ['redirect', 'target'].map((name) => path.join(directory, name));
    run(['sh', '-c', 'rm "$1" && mkfifo -m 666 "$1"', '-', String(fifo)]);
    const command = [...starter, seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--'];
    if (isReached(starter, program)) {
      const { stdout } = run([...command, program, String(asked), String(fifo)]);
      t.same(stdout.split('\n'), ['opened: yes', 'seen: yes', 'kept: yes', '']);
    }
    t.end();
  });

  await t.test(`a filter that speaks to another tracer, by ${mechanism}`, (t) => {
    const { directory, policy } = place(t);
    const command = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--'];
    const { stdout } = run([...command, compile('foreign'), path.join(directory, 'content')]);
    t.same(stdout.split('\n'), ['getppid: ENOSYS', 'openat: ENOSYS', 'getuid: ran', '']);
    t.end();
  });

  await t.test(`a listener of its own, by ${mechanism}`, (t) => {
    const { directory, policy } = place(t);
    const file = path.join(directory, 'content');
    const command = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--'];
    const { stdout } = run([...command, compile('listener'), file]);
    const listener = mechanism === 'trace' ? 'EBUSY' : 'done';
    t.same(stdout.split('\n'), [`listener: ${listener}`, 'writes: EACCES', '']);
    t.equal(readFileSync(file, 'utf8'), 'real\n');
    t.end();
  });

  await t.test(`ignored signals end no wait, by ${mechanism}`, (t) => {
    const waits = compile('waits');
    const native = run([waits]);
    const { status, stdout } = run([seccompSpoof, 'exec', '-m', mechanism, '--', waits]);
    t.equal(status, 0);
    t.equal(stdout, native.stdout);
    const handled = stdout.split('\n').filter((line) => line.startsWith('... handled'));
    t.same(new Set(handled), new Set(['... handled: EINTR, early']));
    t.match(stdout, /^epoll: 0$/m);
    t.match(stdout, /^message: EAGAIN$/m);
    t.match(stdout, /^children: 0$/m);
    /* By trace the end of a call is not seen, and another thread may take the signal meanwhile. */
    if (mechanism === 'ptrace') {
      for (let i = 0; i < 4; i++) {
        const { status } = run([seccompSpoof, 'exec', '-m', mechanism, '--', waits, 'threads']);
        t.equal(status, 0, 'waits of a program with threads');
      }
    }
    t.end();
  });

  await t.test(`children that ask not to be traced, by ${mechanism}`, (t) => {
    const { directory, policy } = place(t);
    const command = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--'];
    const { stdout } = run([...command, compile('untraced'), path.join(directory, 'content')]);
    const each = ['child: told', 'parent: done, as it was'];
    t.same(stdout.split('\n'), [...each, ...each, ...each, '']);
    t.end();
  });
}
