// What becomes of an answer that cannot be written: it is an error, in one line. A remark that
// cannot be written is none.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { type Ended, program, run, standIn } from './helpers.js';

const FAILED = 2;
const EXEC_FAILED = 125;

/** Every kind of answer, by what a line asks for. */
const LINES: readonly (readonly [line: string, status: number])[] = [
  ...['help', '--help', 'help verify', 'version', '-V', 'version --json'],
  ...['policy --help', 'policy list', 'policy list --help', 'policy show', 'policy check k3s'],
  ...['doctor', 'doctor --json', 'doctor --help', 'explain /', 'explain --json /', 'explain -h'],
  ...['verify', 'verify --json', 'verify -h'],
].map((line) => [line, FAILED] as const);
const ALL = [...LINES, ['exec --help', EXEC_FAILED], ['help exec', FAILED]] as const;

/** The program with its words in a shell, which sees to the streams. */
async function shell(line: string): Promise<Ended> {
  return run('/bin/sh', ['-c', line, program]);
}

const ONE_LINE = /^seccomp-spoof: cannot write to standard output: [^\n]+; [^\n]+\n$/;

for (const [what, redirection] of [
  ['is full', '>/dev/full'],
  ['is closed', '>&-'],
  ['is for reading', '1</dev/null'],
] as const) {
  void t.test(`standard output ${what}`, async (t) => {
    for (const [line, status] of ALL) {
      const ended = await shell(`exec "$0" ${line} ${redirection}`);
      t.equal(ended.status, status, line);
      t.match(ended.stderr, ONE_LINE, line);
    }
  });
}

void t.test('both streams are closed', async (t) => {
  t.match(await shell('exec "$0" policy list >&- 2>&-'), { status: FAILED, signal: null });
  t.match(await shell('exec "$0" policy list >&- 2>&- <&-'), { status: FAILED, signal: null });
});

/** Descriptor 4 becomes a pipe whose reader has gone before anything is said. */
const withoutReader = (fifo: string): string =>
  `mkfifo '${fifo}' && exec 3<>'${fifo}' 4>'${fifo}' 3>&- && rm '${fifo}' || exit 9`;

void t.test('a reader that is gone ends a verb as it ends any program', async (t) => {
  const gone = withoutReader(path.join(t.testdir({}), 'gone'));
  for (const line of ['policy list', 'exec --help', 'doctor', 'version'])
    t.match(await shell(`${gone}; exec "$0" ${line} >&4`), { signal: 'SIGPIPE', stderr: '' }, line);
});

void t.test('where SIGPIPE is ignored it is an error like any other', async (t) => {
  const gone = withoutReader(path.join(t.testdir({}), 'gone'));
  for (const [line, status] of [
    ['policy list', FAILED],
    ['exec --help', EXEC_FAILED],
  ] as const) {
    const ended = await shell(`${gone}; trap '' PIPE; exec "$0" ${line} >&4`);
    t.match(ended, { status, stdout: '', stderr: ONE_LINE }, line);
  }
});

void t.test('the command finds closed streams closed, and its status stays', async (t) => {
  const list = 'for fd in 0 1 2; do [ -e /proc/$$/fd/$fd ] && s=$s$fd; done; exit "1$s"';
  for (const [redirection, status] of [
    ['<&-', 112],
    ['>&-', 102],
    ['2>&-', 101],
    ['<&- >&- 2>&-', 1],
  ] as const) {
    for (const options of ['', '--stats'])
      t.equal(
        (await shell(`exec "$0" exec ${options} -- sh -c '${list}' ${redirection}`)).status,
        status,
        `${options} ${redirection}`,
      );
  }
});

void t.test('a remark that cannot be written changes no status', async (t) => {
  for (const redirection of ['2>/dev/full', '2>&-', '2</dev/null']) {
    for (const options of ['-v', '--stats', '-v --stats --stats-format json']) {
      const ended = await shell(`exec "$0" exec ${options} -- sh -c 'exit 7' ${redirection}`);
      t.equal(ended.status, 7, `${options} ${redirection}`);
    }
    t.equal((await shell(`exec "$0" exec --no-such true ${redirection}`)).status, EXEC_FAILED);
    t.equal((await shell(`exec "$0" policy show no-such ${redirection}`)).status, 1);
  }
});

void t.test(
  'statistics that cannot be read are told, and the status is the command’s',
  async (t) => {
    // It cuts off the segment, whose descriptor it is given by its number.
    const native = standIn(
      t.testdir({}),
      'while [ "$1" != --segment ]; do shift; done; : > "/proc/self/fd/$2"; exit 9',
    );
    const ended = await run(program, ['exec', '--stats', 'true'], {
      env: { SECCOMP_SPOOF_NATIVE_DIR: native },
    });
    t.equal(ended.status, 9);
    t.match(ended.stderr, /^seccomp-spoof: cannot read the statistics: [^\n]+\n$/);
  },
);

void t.test('a log that cannot be written is told before the command runs', async (t) => {
  const directory = t.testdir({});
  const log = (file: string): Promise<Ended> => run(program, ['exec', '-o', file, 'echo', 'ran']);
  t.match(await log('/dev/full'), {
    ...{ status: EXEC_FAILED, stdout: '' },
    stderr: /^seccomp-spoof: cannot write to the log file \/dev\/full: ENOSPC[^\n]+; [^\n]+\n$/,
  });
  const fifo = path.join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  t.match(await log(fifo), {
    ...{ status: EXEC_FAILED, stdout: '' },
    stderr: /^seccomp-spoof: cannot open the log file [^\n]+ without a reader; [^\n]+\n$/,
  });
  mkdirSync(path.join(directory, 'directory'));
  t.match(await log(path.join(directory, 'directory')), { status: EXEC_FAILED, stdout: '' });
  writeFileSync(path.join(directory, 'file'), '');
  t.match(await log(path.join(directory, 'file/below')), { status: EXEC_FAILED, stdout: '' });
  const full = await run('/bin/bash', [
    '-c',
    `exec 3<>'${fifo}'; dd if=/dev/zero of='${fifo}' oflag=nonblock bs=4096 2>&-
     "$0" exec -o '${fifo}' echo ran`,
    program,
  ]);
  t.match(full, { status: 0, stdout: 'ran\n' }, 'a pipe that nobody reads holds up nobody');
});
