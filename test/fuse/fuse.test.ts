// A FUSE daemon inside the wrapped tree: its own calls are stopped too, so that whoever answers
// calls must never wait for it.
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { cleanCommand } from '../support/environment.js';
import { seccompSpoof } from '../support/paths.js';
import { SILENCE_MS } from '../support/silence.js';

/** Of this run: another one may be making its own. */
const build = mkdtempSync(join(tmpdir(), 'fuse-build-'));
t.teardown(() => {
  rmSync(build, { recursive: true });
});
const load = join(build, 'load');

const fuse = '0x65735546';
const tmpfs = '0x1021994';
const ext4 = '0xef53';
const xfs = '0x58465342';

/**
 * Shell text before every scenario, below `exec`: a FUSE filesystem ($view) of a directory on tmpfs
 * ($backing); a tmpfs inside it, and a symbolic link from it to a tmpfs. The mounts and all
 * processes end with their namespaces.
 */
const prologue = `
set -eu
backing=$DIRECTORY/backing view=$DIRECTORY/view
mkdir $backing $view
mkdir -p $backing/a/b $backing/inner
echo content >$backing/a/b/file
ln -s $backing $backing/link
bindfs $backing $view
for process in /proc/[0-9]*; do
  read -r name <$process/comm || continue
  if [ "$name" = bindfs ]; then daemon=\${process#/proc/}; fi
done
mount -t tmpfs tmpfs $view/inner
echo content >$view/inner/file
`;

interface Result {
  readonly status: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

const unshare = [
  ...['unshare', '--mount', '--propagation', 'private'],
  ...['--pid', '--fork', '--kill-child', '--mount-proc'],
];
const launcher = 'mount -t tmpfs tmpfs "$DIRECTORY" && "$@"; exit $?';

/** Runs prologue and scenario, below `exec` or natively, in their own mount and pid namespace. */
function run(scenario: string, words: readonly string[]): Result {
  const directory = mkdtempSync(join(tmpdir(), 'fuse-'));
  try {
    const inner = words.map((word) => word.replace('$DIRECTORY', directory));
    const [program, rest] = cleanCommand(
      [...unshare, 'sh', '-c', launcher, 'sh', ...inner, 'sh', '-c', prologue + scenario],
      { DIRECTORY: directory, LOAD: load },
    );
    const result = spawnSync(program, rest, {
      encoding: 'utf8',
      timeout: SILENCE_MS,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (result.error) throw result.error;
    const lines = result.stdout.replaceAll(directory, '').trimEnd().split('\n');
    return { status: result.status, lines, stderr: result.stderr };
  } finally {
    rmdirSync(directory);
  }
}

const native: readonly string[] = [];
const wrapped = [seccompSpoof, 'exec', '--fstype', 'tmpfs=ext4', '--fstype', 'fuse=xfs', '--'];

function missing(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
  } catch {
    return 'no /dev/fuse';
  }
  return spawnSync('bindfs', ['--version']).error ? 'no bindfs (Debian package bindfs)' : false;
}

const skip = missing();
if (skip === false) {
  const flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-O2'];
  execFileSync('cc', [...flags, '-o', load, join(import.meta.dirname, 'load.c')]);
}

const onFuse = '$view $view/a $view/a/b/file $view/a/../a/./b';
const onTmpfs = '$backing $backing/a/b/file $view/inner $view/inner/file $view/link/a';

/** The answers that `load` must have counted for those paths. */
function expected(count: number, fuseType: string, tmpfsType: string): string[] {
  const answers = (paths: string, type: string): string[] =>
    paths.split(' ').map((path) => `${count} ${type} ${path.replaceAll('$', '/')}`);
  return [...answers(onFuse, fuseType), ...answers(onTmpfs, tmpfsType)];
}

await t.test('one call each', { skip }, (test) => {
  const scenario = `$LOAD 1 2 ${onFuse} ${onTmpfs}`;
  const plain = run(scenario, native);
  test.strictSame(plain, { status: 0, lines: expected(2, fuse, tmpfs), stderr: '' }, 'native');
  const result = run(scenario, wrapped);
  test.strictSame(result, { status: 0, lines: expected(2, xfs, ext4), stderr: '' }, 'exec');
  test.end();
});

await t.test('only the type changes', { skip }, (test) => {
  const scenario = "stat -f -c '%b %c %l %s %S' $view $view/a/b/file";
  test.strictSame(run(scenario, wrapped), run(scenario, native));
  test.end();
});

await t.test('16 processes at once', { skip }, (test) => {
  const result = run(`$LOAD 16 200 ${onFuse} ${onTmpfs}`, wrapped);
  test.strictSame(result, { status: 0, lines: expected(3200, xfs, ext4), stderr: '' });
  test.end();
});

/** Shell text: programs wait for the stopped daemon, each in a call that is stopped itself. */
function waiters(number: number, paths: string): string {
  const statfs = process.arch === 'arm64' ? 43 : 137;
  return `
kill -STOP $daemon
while grep -L '^State:.T' /proc/$daemon/task/*/status | grep -q .; do sleep 0.02; done
waiters=
for number in $(seq ${number}); do
  for path in ${paths}; do
    stat -f -c 'late %T' $path >$(mktemp $DIRECTORY/late.XXXXXX) 2>&1 & waiters="$waiters $!"
  done
done
for pid in $waiters; do
  until grep -q '^${statfs} ' /proc/$pid/syscall; do sleep 0.02; done
done
`;
}
const late = "cat $DIRECTORY/late.* | sed 's/none[0-9]*/none/' | sort | uniq -c | sed 's/^ *//'";

await t.test("the daemon's own calls are stopped", { skip }, (test) => {
  const log = ['--log-file', '$DIRECTORY/log', '--log-level', 'trace'];
  const scenario = `grep ^Seccomp: /proc/$daemon/status
    stat -f $view >/dev/null
    until grep -q '"call":"f\\?statfs".*"program":"bindfs"' $DIRECTORY/log; do sleep 0.05; done`;
  const result = run(scenario, [...wrapped.slice(0, -1), ...log, '--']);
  test.strictSame(result, { status: 0, lines: ['Seccomp:\t2'], stderr: '' });
  test.end();
});

await t.test('a stopped daemon stops only those who wait for it', { skip }, (test) => {
  // More than a worker had threads for at first.
  const scenario = `${waiters(80, '$view $view/a/b/none$number')}
    $LOAD 16 200 $backing $backing/a/b/file
    cat $DIRECTORY/late.* | wc -c
    kill -CONT $daemon
    for pid in $waiters; do wait $pid || true; done
    ${late}`;
  const result = run(scenario, wrapped);
  const none = "cannot read file system information for '/view/a/b/none'";
  test.strictSame(result, {
    status: 0,
    lines: [
      `3200 ${ext4} /backing`,
      `3200 ${ext4} /backing/a/b/file`,
      '0',
      '80 late xfs',
      `80 stat: ${none}: No such file or directory`,
    ],
    stderr: '',
  });
  test.end();
});

await t.test('who waits for a stopped daemon can be killed', { skip }, (test) => {
  // The kernel itself lets no one be killed who waits for another one's look-up of the same name.
  const scenario = `${waiters(48, '$view')}
    signal=TERM
    for pid in $waiters; do
      kill -$signal $pid
      wait $pid || echo $?
      if [ $signal = TERM ]; then signal=KILL; else signal=TERM; fi
    done >$DIRECTORY/ended
    sort $DIRECTORY/ended | uniq -c | sed 's/^ *//'
    $LOAD 4 10 $backing
    kill -CONT $daemon
    $LOAD 4 10 $view $view/a/b/file`;
  const lines = [
    '24 137',
    '24 143',
    `40 ${ext4} /backing`,
    `40 ${xfs} /view`,
    `40 ${xfs} /view/a/b/file`,
  ];
  const same = (result: Result, expected: string[], name: string): void => {
    test.strictSame(
      { status: result.status, lines: result.lines },
      { status: 0, lines: expected },
      name,
    );
  };
  const plain = lines.map((line) => line.replace(ext4, tmpfs).replace(xfs, fuse));
  same(run(scenario, native), plain, 'native');
  same(run(scenario, wrapped), lines, 'exec');
  test.end();
});

await t.test('a killed daemon: its waiters get the errors of the kernel', { skip }, (test) => {
  const scenario = `${waiters(24, '$view $view/a/b/none$number')}
    kill -KILL $daemon
    for pid in $waiters; do wait $pid || true; done
    ${late}
    stat -f $view 2>&1 || true
    $LOAD 4 10 $view/inner 2>&1 || true
    $LOAD 4 10 $backing`;
  const result = run(scenario, wrapped);
  // A waiter's call may have begun before the daemon was gone, or be made again afterwards.
  const error = /Software caused connection abort|Transport endpoint is not connected/;
  const comparable = ({ status, lines, stderr }: Result) => ({
    status,
    lines: lines.map((line) =>
      line
        .replace(tmpfs, ext4)
        .replace(error, 'ERROR')
        .replace(/^\d+ stat/, 'stat')
        // The kernel keeps the name for a second; afterwards it asks the daemon, who is gone.
        .replace(/^40 \S+ (?=\/view\/inner$)/, ''),
    ),
    stderr,
  });
  const unique = (r: Result) => ({ ...comparable(r), lines: [...new Set(comparable(r).lines)] });
  const plain = run(scenario, native);
  test.strictSame(unique(result), unique(plain));
  test.end();
});
