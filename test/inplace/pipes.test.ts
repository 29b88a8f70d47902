// `exec` between a shell and a command: pipes, job control's quiet side, socket activation, PID 1,
// make, and the small programs that start others.
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import path from 'node:path';
import t from 'tap';
import {
  isProduct,
  native,
  needsPlace,
  notApplicable,
  product,
  run,
  scratch,
  shell,
  tmpfsAsExt4,
} from './helpers.js';

void t.test('a reader that leaves: SIGPIPE, and nothing is said', async (test) => {
  const bash = await shell('set -o pipefail; $P yes | head -1; echo "${PIPESTATUS[*]}"');
  test.same([bash.stdout, bash.stderr], ['y\n141 0\n', ''], 'bash');
  const failed = await shell('set -o pipefail; $P yes | head -1');
  test.same([failed.status, failed.stdout, failed.stderr], [141, 'y\n', ''], 'bash, pipefail');
  const dash = await shell('{ $P yes; echo $? >&2; } | head -1', { shell: ['dash', '-c'] });
  test.same([dash.stdout, dash.stderr], ['y\n', '141\n'], 'dash');
});

void t.test('process substitution', async (test) => {
  const one = await shell('$P cat <(echo x)');
  test.same([one.status, one.stdout, one.stderr], [0, 'x\n', '']);
  const two = await shell('$P diff <(echo same) <(echo same) && $P cat <(printf a) <(printf b)');
  test.same([two.status, two.stdout, two.stderr], [0, 'ab', '']);
  const tee = await shell('printf 1 | $P tee >(cat >&2) >/dev/null; wait $!');
  test.same([tee.status, tee.stdout, tee.stderr], [0, '', '1'], 'written to');
});

void t.test('here documents, redirections, descriptors', async (test) => {
  const end = await shell(`
    $P cat <<< "here"
    $P sh -c 'cat <&7; echo out >&9' 7<<< seven 9>&1
    { read first; $P cat; } <<< $'one\\ntwo'
    $P sh -c 'echo gone >&1' >&- 2>/dev/null; echo $?
    x=$($P echo captured); echo "$x"`);
  const plain = await shell('/usr/bin/env sh -c "echo gone >&1" >&- 2>/dev/null; echo $?');
  test.not(plain.stdout, '0\n', 'env: writing to a closed stream fails');
  const there = ['here', 'seven', 'out', 'two', plain.stdout.trim(), 'captured', ''].join('\n');
  test.same([end.status, end.stdout, end.stderr], [0, there, '']);
});

void t.test('shared pipes stay blocking', async (test) => {
  // Node makes pipes non-blocking when it touches them; the whole pipeline would suffer.
  const end = await shell('{ $P true; $P true; $REPORT -; } | grep "^fd.1.flags"');
  test.equal(end.stdout, 'fd.1.flags: 1 write\n');
  const reader = await shell(
    'echo x | { $P true; $REPORT -; } | grep "^fd.0.*\\(flags\\|unread\\)"',
  );
  test.equal(reader.stdout, 'fd.0.flags: 0 read\nfd.0.unread: 2\n', 'nothing is read from stdin');
});

void t.test('socket activation', async (test) => {
  if (needsPlace(test)) return;
  const check = `test "$LISTEN_PID" = $$ && test "$LISTEN_FDS" = 2 && ls -l /proc/$$/fd/3 /proc/$$/fd/4`;
  const steps =
    'fork socket 3 socket 4 no-env env LISTEN_FDS=2 env-pid LISTEN_PID env "PATH=$PATH"';
  // P is `env` by its path, or the product by its own: launch searches no PATH.
  const end = await shell(`$LAUNCH ${steps} -- $P /bin/sh -c '${check}'`);
  test.same([end.status, end.stderr], [0, ''], 'LISTEN_PID is the pid of the command');
  test.match(end.stdout, /3 -> socket:.*\n.*4 -> socket:/);
});

void t.test('nohup', async (test) => {
  const end = await shell("nohup $P sh -c 'kill -HUP $$; echo alive; ls -l /proc/$$/fd/0' | cat");
  test.match(end.stdout, /^alive\n/);
});

void t.test('small programs that start others', async (test) => {
  if (needsPlace(test)) return; // it signals its parent
  // SIGALRM tells timeout(1), the parent, that its time is over: no clock is part of the test.
  const all = await shell(`
    timeout 1000 $P sh -c 'exit 5'; echo timeout $?
    timeout -s INT 1000 $P sh -c 'echo ready; kill -ALRM $PPID; exec sleep 1000'; echo timeout $?
    setsid -w $P sh -c 'exit 6'; echo setsid $?
    printf 'b\\0a c\\0' | xargs -0 $P printf '%s;'; echo xargs $?
    seq 1000 | xargs -n 500 -P 2 $P echo | wc -w
    stdbuf -oL $P sh -c 'echo "$_STDBUF_O"'; echo stdbuf $?
    nice -n 3 $P nice; echo nice $?
    env -i PATH="$PATH" X=1 $P env | grep -v ^PATH=
    env - PATH="$PATH" $P -- sh -c 'echo $#' sh 1 2 3`);
  test.same(
    [all.status, all.stdout.split('\n'), all.stderr],
    [
      0,
      [
        'timeout 5',
        ...['ready', 'timeout 124'],
        'setsid 6',
        'b;a c;xargs 0',
        '1000',
        ...['L', 'stdbuf 0'],
        ...[String(getPriority() + 3), 'nice 0'],
        'X=1',
        '3',
        '',
      ],
      '',
    ],
  );
});

void t.test('through a symbolic link, from another directory, by a relative name', async (test) => {
  if (!isProduct) return;
  const [file = '', verb = ''] = product;
  const place = scratch(test);
  const link = path.join(place, 'a link');
  symlinkSync(file, link);
  symlinkSync('a link', path.join(place, 'link2'));
  for (const words of [[link], ['./a link'], ['./link2']]) {
    const end = await run([...words, verb, ...tmpfsAsExt4, 'pwd'], { cwd: place });
    test.same([end.status, end.stdout, end.stderr], [0, `${place}\n`, ''], words.join(' '));
  }
});

void t.test('make: the job server of a recursive make', async (test) => {
  const place = scratch(test);
  writeFileSync(
    path.join(place, 'Makefile'),
    `all:\n\t+$(P) $(MAKE) -f Inner\n\t+$(P) $(MAKE) -f Inner again\n`,
  );
  writeFileSync(
    path.join(place, 'Inner'),
    `all: one two three\none two three:\n\t@echo $@ '$(MAKEFLAGS)'\nagain: four\nfour:\n\t@echo $@\n`,
  );
  for (const style of ['', '--jobserver-style=pipe ']) {
    const tried = await shell(`make ${style}-n -f Inner`, { cwd: place });
    if (tried.status !== 0) continue;
    const end = await shell(`make -s ${style}-j2 P="$P"`, { cwd: place });
    const name = `make ${style}-j2`;
    test.same([end.status, end.stderr], [0, ''], `${name}: no warning`);
    test.match(end.stdout, /^one .*--jobserver/m, `${name}: the inner make takes part`);
    test.match(end.stdout, /^four$/m);
  }
});

void t.test('PID 1 of a pid namespace', async (test) => {
  if (needsPlace(test)) return;
  const unshare = ['unshare', '--fork', '--pid', '--mount-proc', '--kill-child'];
  const tried = await run([...unshare, 'true']);
  if (tried.status !== 0) {
    notApplicable(test, `PID 1: ${tried.stderr.trim()}`);
    return;
  }
  const status = await run([...unshare, ...product, 'sh', '-c', 'echo $$; exit 9']);
  test.same([status.status, status.stdout, status.stderr], [9, '1\n', ''], 'pid and status');

  // Grandchildren that lose their parent become children of PID 1, which reaps them.
  const reaps = `
    for i in 1 2 3 4 5; do (sleep 0 & ) ; done
    wait
    $REPORT - | grep -E '^(pid|ppid):'
    stat -f -c %T /dev/shm
    exit 4`;
  const init = await shell(
    `exec ${unshare.join(' ')} $P ${tmpfsAsExt4.join(' ')} bash -c '${reaps.replaceAll("'", `'\\''`)}'`,
  );
  test.equal(init.status, 4);
  test.match(init.stdout, /\nppid: 1\n/, 'the command is PID 1');
  if (isProduct) test.match(init.stdout, /^ext2\/ext3$/m);

  // An init that waits until it has no child left must get there.
  const place = scratch(test);
  for (const prefix of [native, product]) {
    const file = path.join(place, 'report');
    const end = await shell(`exec ${unshare.join(' ')} $P $REPORT '${file}'`, { with: prefix });
    test.equal(end.status, 0);
    test.match(readFileSync(file, 'utf8'), /^pid: 1$/m);
    const waits = readFileSync(file, 'utf8').match(/^wait: .*$/gm);
    test.same(waits, ['wait: ECHILD'], `${prefix.join(' ')}: no child that is not its own`);
  }
});
