// How `exec` ends: as the command ends; else 127, 126 and 125 as env(1) does.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { environment, isProduct, native, product, run, scratch, type Ended } from './helpers.js';

interface Place {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

function makePlace(test: Test): Place {
  const directory = scratch(test);
  const put = (name: string, text: string, mode: number): void => {
    writeFileSync(path.join(directory, name), text);
    chmodSync(path.join(directory, name), mode);
  };
  put('plain', 'echo "plain: $0 $# $1 $2"\nexit 9\n', 0o755);
  put('script', '#!/bin/sh\necho "script: $0 $# $1 $2"\nexit 8\n', 0o755);
  put('badscript', '#!/no/such/interpreter\n', 0o755);
  put('unexecutable', '#!/bin/sh\n', 0o644);
  put('empty', '', 0o755);
  put('binary', '\u007fELF but not really\0\0\0', 0o755);
  mkdirSync(path.join(directory, 'sub'));
  put('sub/echo', '#!/bin/sh\necho "not the usual echo: $0"\n', 0o755);
  put('sub/hidden', 'not executable', 0o644);
  put('script in blanks', '#!/bin/sh\necho blanks: "$@"\n', 0o755);
  const search = `${path.join(directory, 'sub')}:${environment['PATH'] ?? ''}`;
  return { directory, env: { ...environment, PATH: search } };
}

const outcome = (end: Ended): readonly unknown[] => [end.status, end.signal, end.stdout];

/** The same command under env and under exec; with `expected`, that status too. */
const same: readonly (readonly [words: readonly string[], expected?: number | string])[] = [
  [['true'], 0],
  [['sh', '-c', 'exit 1'], 1],
  [['sh', '-c', 'exit 42'], 42],
  [['sh', '-c', 'exit 125'], 125],
  [['sh', '-c', 'exit 255'], 255],
  [['sh', '-c', 'echo out; echo err >&2; exit 3'], 3],
  ...['TERM', 'INT', 'HUP', 'QUIT', 'KILL', 'PIPE', 'SEGV', 'ABRT', 'USR1', 'ALRM', 'SYS'].map(
    (name) => [['sh', '-c', `ulimit -c 0; kill -${name} $$`], `SIG${name}`] as const,
  ),
  [['no-such-command-anywhere'], 127],
  [['./no-such-file'], 127],
  [['/no/such/directory/file'], 127],
  [['./badscript'], 127],
  [[''], 127],
  [['./sub'], 126],
  [['/'], 126],
  [['./unexecutable'], 126],
  [['hidden'], 126],
  [['./unexecutable/below']],
  [['./plain', 'a', 'b c'], 9],
  [['./plain', '', '-v'], 9],
  [['./script', 'a', 'b c'], 8],
  [['./script in blanks', 'x  y'], 0],
  [['./empty'], 0],
  [['./binary']],
  [['echo', 'found through PATH'], 0],
  [['printf', '%s|', '--', '-v', '--policy', '']],
];

for (const [words, expected] of same) {
  void t.test(`as under env: ${JSON.stringify(words)}`, async (test) => {
    const { directory, env } = makePlace(test);
    const plain = await run([...native, ...words], { cwd: directory, env });
    const spoofed = await run([...product, ...words], { cwd: directory, env });
    if (expected !== undefined)
      test.equal(plain.signal ?? plain.status, expected, 'env ends as expected');
    test.same(outcome(spoofed), outcome(plain), 'status, signal and output are the same');
    test.equal(spoofed.stderr === '', plain.stderr === '', 'a complaint where env complains');
  });
}

void t.test('a real-time signal', async (test) => {
  // Node has no name for it: a shell tells.
  const words = ['bash', '-c', '"$@"; echo $?', 'bash', ...product, 'sh', '-c', 'kill -40 $$'];
  const end = await run(words);
  test.equal(end.stdout, '168\n');
});

void t.test('a command found, or not, only through its own PATH', async (test) => {
  const { directory, env } = makePlace(test);
  const found = await run([...product, 'echo'], { cwd: directory, env });
  test.equal(found.stdout, `not the usual echo: ${directory}/sub/echo\n`);
});

if (isProduct) {
  const ours: readonly (readonly string[])[] = [
    [],
    ['--'],
    ['--no-such-option', 'true'],
    ['--policy', 'no-such-policy', 'true'],
    ['--policy', '/no/such/file.yaml', 'true'],
    ['--fstype', 'tmpfs=no-such-type', 'true'],
    ['--fstype', 'tmpfs', 'true'],
    ['--mechanism', 'no-such-mechanism', 'true'],
    ['--log-file', '/no/such/directory/log', 'true'],
  ];
  for (const words of ours) {
    void t.test(`our own fault: ${JSON.stringify(words)}`, async (test) => {
      const end = await run([...product, ...words]);
      test.same([end.status, end.signal, end.stdout], [125, null, ''], '125, nothing on stdout');
      test.match(end.stderr, /^seccomp-spoof\b/, 'says who complains');
      test.notMatch(end.stderr, /^ +at .*:\d+:\d+/m, 'no stack trace');
    });
  }

  void t.test('our options end where the command begins', async (test) => {
    const words = ['--fstype', 'tmpfs=ext4', '--', 'printf', '%s|', '--fstype', '-v', '--'];
    const end = await run([...product, ...words]);
    test.same([end.status, end.stdout, end.stderr], [0, '--fstype|-v|--|', '']);
  });

  void t.test('the command sees what the options say, its children too', async (test) => {
    const stat = 'stat -f -c %T /dev/shm; sh -c "stat -f -c %T /dev/shm"';
    const end = await run([...product, '--fstype', 'tmpfs=ext4', 'sh', '-c', stat]);
    test.same([end.status, end.stdout, end.stderr], [0, 'ext2/ext3\next2/ext3\n', '']);
  });
}
