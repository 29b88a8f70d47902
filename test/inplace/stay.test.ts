// `exec --stay`, as `exec` does by itself where only an ancestor may read a program: signals reach the
// command once, it stops and goes on with who started it, and it ends as one program.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { SILENCE_MS } from '../support/silence.js';
import { cleanly, ended, program, run, scratch, stay, terminal } from './helpers.js';

const SIGINT = 2;
const SIGUSR1 = 10;
const SIGUSR2 = 12;
const SIGTERM = 15;
const SIGCONT = 18;
const SIGSTOP = 19;
const SIGTSTP = 20;
const SIGWINCH = 28;

const mechanisms = ['notify', 'trace', 'ptrace'] as const;
const product = (mechanism: string): string[] => [
  ...[program, 'exec', '--stay', '--mechanism', mechanism],
  ...['--fstype', 'tmpfs=ext4'],
];

/** Runs `stay count` below the product, has `stay sender` follow the lines, and gives what it says. */
async function send(
  mechanism: string,
  count: readonly [signal: number, name: string],
  lines: readonly string[],
): Promise<readonly string[]> {
  const words = [...product(mechanism), stay, 'count', String(count[0]), count[1]];
  const end = await run([stay, 'sender', ...words], { input: lines.map((l) => `${l}\n`).join('') });
  return [...end.stdout.trimEnd().split('\n'), ...(end.stderr === '' ? [] : [end.stderr])];
}

const end = [`one ${SIGUSR2}`, 'read', 'changed'];
// The parent takes the lowest signal first: who hears of this one knows that it has no other left.
const fence = [`one ${SIGWINCH}`, 'read'];
const once = 'it code=0 value=0';
const times = <T>(count: number, lines: readonly T[]): readonly T[] =>
  Array.from({ length: count }, () => lines).flat();

for (const mechanism of mechanisms) {
  void t.test(`${mechanism}: one signal is one signal`, async (test) => {
    const group = [`group ${SIGTERM}`, 'read', ...fence];
    const term = await send(
      mechanism,
      [SIGTERM, 'it'],
      // Were one of them doubled, the second one would be read in place of what comes next.
      [
        ...[`one ${SIGTERM}`, 'read', ...group, `queue ${SIGTERM} 41`, 'read'],
        ...[...group, `queue ${SIGTERM} 42`, 'read', ...end],
      ],
    );
    test.same(term, [
      ...[once, once, 'fence', 'it code=-1 value=41'],
      ...[once, 'fence', 'it code=-1 value=42', 'end', 'exited 5'],
    ]);
    const int = await send(mechanism, [SIGINT, 'it'], [`group ${SIGINT}`, 'read', ...end]);
    test.same(int, [once, 'end', 'exited 5']);
  });

  void t.test(`${mechanism}: who answers at once is not sent the last one again`, async (test) => {
    // The next one comes while the parent still looks at the last, and is merged with it or not.
    const lines = [...times(200, [`group ${SIGINT}`, 'read']), ...fence, ...end];
    const said = await send(mechanism, [SIGINT, 'it'], lines);
    test.same(said, [...times(200, [once]), 'fence', 'end', 'exited 5']);
  });

  void t.test(`${mechanism}: the command stops, and goes on`, async (test) => {
    // The parent goes on at once, the command when it was told: until then nothing more is sent.
    const goesOn = ['changed', `one ${SIGUSR1}`, 'read'];
    const said = await send(
      mechanism,
      [SIGUSR1, 'it'],
      [
        ...[`command ${SIGSTOP}`, 'changed', `command ${SIGCONT}`, ...goesOn],
        ...[`one ${SIGTSTP}`, 'changed', `one ${SIGCONT}`, ...goesOn],
        ...[`group ${SIGSTOP}`, 'changed', `group ${SIGCONT}`, ...goesOn],
        ...[`group ${SIGTSTP}`, 'changed', `group ${SIGCONT}`, ...goesOn, ...end],
      ],
    );
    const went = ['continued', once];
    test.same(said, [
      ...[`stopped ${SIGSTOP}`, ...went, `stopped ${SIGTSTP}`, ...went],
      ...[`stopped ${SIGSTOP}`, ...went, `stopped ${SIGTSTP}`, ...went, 'end', 'exited 5'],
    ]);
  });

  void t.test(`${mechanism}: a group that stops, stops once`, async (test) => {
    // The parent has its own SIGSTOP, and may have gone on before anybody tells it of the command's.
    // Nor is one stop the other: the last may come before anybody has told of the first.
    const stops = times(20, [SIGSTOP, SIGTSTP]);
    const goesOn = ['changed', `group ${SIGCONT}`, 'changed', `one ${SIGUSR1}`, 'read'];
    const lines = stops.flatMap((signal) => [`group ${signal}`, ...goesOn]);
    const said = await send(mechanism, [SIGUSR1, 'it'], [...lines, ...end]);
    const went = stops.flatMap((signal) => [`stopped ${signal}`, 'continued', once]);
    test.same(said, [...went, 'end', 'exited 5']);
  });

  void t.test(`${mechanism}: a group that stops, and of which one goes on`, async (test) => {
    const group = [`group ${SIGUSR1}`, 'read', ...fence];
    const goesOn = [`one ${SIGCONT}`, 'changed', `one ${SIGUSR1}`, 'read'];
    const round = [`group ${SIGSTOP}`, 'changed', ...goesOn, ...group];
    const said = await send(mechanism, [SIGUSR1, 'it'], [...times(10, round), ...end]);
    const went = [`stopped ${SIGSTOP}`, 'continued', once, once, 'fence'];
    test.same(said, [...times(10, went), 'end', 'exited 5']);
  });

  void t.test(`${mechanism}: stops and continuations in quick succession`, async (test) => {
    // A continuation that the next stop overtakes may not be seen; that stop is.
    const stops = [`group ${SIGTSTP}`, `until stopped ${SIGTSTP}`];
    const overtaken = [`group ${SIGCONT}`, `group ${SIGSTOP}`, `until stopped ${SIGSTOP}`];
    const goesOn = ['until continued', `one ${SIGUSR1}`, 'read'];
    // Its own stop comes while the group's signals may still be on their way.
    const alone = [`one ${SIGTSTP}`, `until stopped ${SIGTSTP}`, `one ${SIGCONT}`, ...goesOn];
    const round = [...stops, ...overtaken, `group ${SIGCONT}`, ...goesOn];
    const rounds = [...round, ...stops, `one ${SIGCONT}`, ...goesOn, ...alone];
    const said = await send(mechanism, [SIGUSR1, 'it'], [...times(20, rounds), ...end]);
    const went = ['continued', once];
    const stopped = `stopped ${SIGTSTP}`;
    const heard = [stopped, `stopped ${SIGSTOP}`, ...went, stopped, ...went, stopped, ...went];
    test.same(said, [...times(20, heard), 'end', 'exited 5']);
  });

  void t.test(`${mechanism}: who stops itself again as soon as it goes on`, async (test) => {
    const script = 'echo "ready $$"; for i in 1 2 3 4 5 6 7 8 9 10; do kill -STOP $$; done; exit 5';
    const words = [...product(mechanism), 'sh', '-c', script];
    const stopped = `until stopped ${SIGSTOP}`;
    const lines = times(5, [stopped, `group ${SIGCONT}`, stopped, `one ${SIGCONT}`]);
    const input = [...lines, 'until exited 5', ''].join('\n');
    const { stdout } = await run([stay, 'sender', ...words], { input });
    test.same(stdout, `stopped ${SIGSTOP}\n`.repeat(10) + 'exited 5\n');
  });

  void t.test(`${mechanism}: signals that queue, of which some are for the group`, async (test) => {
    const queueing = 40;
    const round = [`queue ${queueing} 7`, `group ${queueing}`, 'read', 'read'];
    const said = await send(mechanism, [queueing, 'it'], [...times(40, round), ...fence, ...end]);
    const both = times(40, ['it code=-1 value=7', once]);
    test.same(said.slice(0, both.length).toSorted(), both.toSorted());
    test.same(said.slice(both.length), ['fence', 'end', 'exited 5']);
  });

  void t.test(`${mechanism}: it ends by the signal that ended the command`, async (test) => {
    for (const signal of [SIGTERM, SIGUSR1, 9]) {
      const said = await send(mechanism, [SIGINT, 'it'], [`command ${signal}`, 'changed']);
      test.same(said, [`signal ${signal}`]);
    }
    const killed = await send(mechanism, [SIGINT, 'it'], ['one 9', 'changed', 'read']);
    test.same(killed, ['signal 9', '(nothing)'], 'a parent that is killed takes the command along');
  });

  // In a large group the witness has a Ctrl-C long before the parent.
  for (const [others, end] of [
    [0, 'signal 3'],
    [500, 'exited 131'],
  ] as const)
    void t.test(`${mechanism}: Ctrl-C comes once, beside ${others} others`, async (test) => {
      const ctrlC = times(200, ['send \\x03', 'expect it code=']);
      const script = ['expect ready', ...ctrlC, 'send \\x1c', 'end', ''];
      const command = [...product(mechanism), stay, 'count', String(SIGINT), 'it'];
      const crowd = others === 0 ? [] : [stay, 'crowd', String(others)];
      const { status, stdout, stderr } = await run([terminal, ...crowd, ...command], {
        input: script.join('\n'),
      });
      test.same([status, stderr], [0, '']);
      test.ok(stdout.split('\n').includes(`end: ${end}`), stdout);
      const ofKernel = times(200, ['it code=128']); // SI_KERNEL
      test.same(stdout.match(/it code=\d+/g), ofKernel);
    });

  void t.test(`${mechanism}: daemons are served when the command is gone`, async (test) => {
    const place = scratch(test);
    const gate = path.join(place, 'gate');
    const script = `
      mkfifo ${gate}
      ${product(mechanism).join(' ')} sh -c '(read x <${gate}; stat -f -c %T /dev/shm) & exit 3'
      echo "status $?"
      echo go >${gate}`;
    const all = await run(['sh', '-c', script]);
    test.same([all.stdout, all.stderr], ['status 3\next2/ext3\n', '']);
  });
}

/** The processes below one, its own first. */
function below(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return [pid, ...children.split(' ').filter(Boolean).map(Number).flatMap(below)];
}
const nameOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

async function firstLine(child: ChildProcess): Promise<void> {
  await new Promise((resolve) => child.stdout?.once('data', resolve));
}

/** The command may run before all are there, and called so. */
async function appears(above: number, name: string): Promise<number | undefined> {
  for (const limit = Date.now() + SILENCE_MS; Date.now() < limit;) {
    const found = below(above).find((pid) => nameOf(pid) === name);
    if (found !== undefined) return found;
    await setTimeout(10);
  }
  return undefined;
}

const waits = ['sh', '-c', 'echo go; read x'];

/** Ends one of the processes while the command waits for a line, which comes if `goes` on. */
async function without(test: Test, victim: string, command: readonly string[], goes = false) {
  const [file = '', ...words] = cleanly([...product('notify'), ...command]);
  const child = spawn(file, words, { stdio: 'pipe' });
  const done = ended(child, victim);
  await firstLine(child);
  const found = await appears(child.pid ?? 0, victim);
  test.ok(found !== undefined, `${victim} is there`);
  if (found !== undefined) process.kill(found, 'SIGKILL');
  if (goes) child.stdin.end('\n');
  const { status, signal } = await done;
  test.same([status, signal], goes ? [0, null] : [null, 'SIGKILL'], victim);
}

void t.test('whatever dies, nothing is left that waits', async (test) => {
  await without(test, 'spoof-guardian', waits);
  await without(test, 'spoof-parent', waits);
  await without(test, 'spoof-witness', waits, true);
});

const skip = process.getuid?.() === 0 ? false : 'becomes another user, which needs root';
const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

void t.test('nor where the command has changed its user', { skip }, async (test) => {
  await without(test, 'spoof-guardian', [...asNobody, ...waits]);
});

void t.test('-v says what is different', async (test) => {
  const said = await run([...product('notify'), '-v', 'true']);
  test.equal(said.status, 0);
  test.match(said.stderr, /a parent stays: the command has another process id/);
});
