// `exec` at a terminal, below a real interactive bash with job control. Every script runs under env(1)
// too, and must end the same way.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { environment, native, product, report, run, scratch, stays, terminal } from './helpers.js';
import { documentedWhereAParentStays } from './inherit.js';

const interactiveBash = ['bash', '--noprofile', '--norc', '--noediting', '-i'];

/** Runs the steps in a fresh terminal; `$P` is the product or env. The lines that `terminal` prints. */
async function session(
  test: Test,
  prefix: readonly string[],
  steps: readonly string[],
): Promise<readonly string[]> {
  const env = {
    ...environment,
    TERM: 'dumb',
    PS1: 'ready> ',
    HISTFILE: '',
    P: prefix.join(' '),
    REPORT: report,
  };
  const script = ['expect ready> ', ...steps, 'send exit 0\\n', 'end', ''].join('\n');
  const end = await run([terminal, ...interactiveBash], { env, input: script });
  const who = prefix === native ? 'env' : 'exec';
  test.equal(end.status, 0, `${who}: ${end.status === 0 ? 'as expected' : end.stderr}`);
  const [states = ''] = end.stdout.split('transcript:\n');
  return states.trimEnd().split('\n');
}

/** The same steps under env and under exec; what they show is equal, and is returned. */
async function both(test: Test, steps: readonly string[]): Promise<readonly string[]> {
  const plain = await session(test, native, steps);
  const spoofed = await session(test, product, steps);
  test.same(spoofed, plain, 'the same modes, sizes, foreground groups and ends');
  return spoofed;
}

const started = `$P sh -c 'echo sta""rted; exec sleep 1000'`;
/** A line for bash, what it is to say to it (if anything), and its next prompt. */
const line = (text: string, ...said: readonly string[]): readonly string[] => [
  `send ${text}\\n`,
  ...said.map((each) => `expect ${each}`),
  'expect ready> ',
];
const status = (number: number): readonly string[] => line('echo "status=$?"', `status=${number}`);
/** Stops the job in front. */
const ctrlZ: readonly string[] = ['send \\x1a', 'expect Stopped', 'expect ready> '];

void t.test('Ctrl-C ends the command; bash sees SIGINT', async (test) => {
  const shown = await both(test, [
    'state before',
    `send ${started}\\n`,
    'expect started',
    'state running',
    'send \\x03',
    'expect ready> ',
    ...status(130),
    'state after',
  ]);
  const [before = '', running = '', after = '', end = ''] = shown;
  test.match(running, /front=job$/, 'the command is in front');
  test.equal(running.replace('running', ''), before.replace('before', '').replace('shell', 'job'));
  test.equal(after.replace('after', ''), before.replace('before', ''), 'nothing has changed');
  test.equal(end, 'end: exited 0');
});

void t.test('Ctrl-\\ ends it with SIGQUIT', async (test) => {
  await both(test, [
    ...line('ulimit -c 0'),
    `send ${started}\\n`,
    'expect started',
    'send \\x1c',
    'expect ready> ',
    ...status(131),
  ]);
});

void t.test('Ctrl-Z, jobs, bg, fg', async (test) => {
  const shown = await both(test, [
    `send $P sh -c 'echo sta""rted; while read x; do echo "got-$x"; done'\\n`,
    'expect started',
    ...ctrlZ,
    ...status(148),
    'state stopped',
    ...line('jobs -l', 'Stopped'),
    'send fg\\n',
    'send hello\\n',
    'expect got-hello',
    'state again',
    ...ctrlZ,
    ...line('bg'),
    // In the background it reads from the terminal, and is stopped for that.
    ...line('wait %1; jobs', 'Stopped'),
    'send fg\\n',
    'send world\\n',
    'expect got-world',
    'send \\x04',
    'expect ready> ',
    ...status(0),
  ]);
  test.match(shown[0], /front=shell$/);
  test.match(shown[1], /front=job$/);
});

void t.test('in the background; kill %1; kill of a stopped job', async (test) => {
  await both(test, [
    `send ${started} &\\n`,
    'expect started',
    ...line('jobs', 'Running'),
    ...line('kill %1; wait -f %1'),
    ...status(143),
    `send ${started}\\n`,
    'expect started',
    ...ctrlZ,
    ...line('kill %1; while jobs %1 >/dev/null 2>&1; do :; done; echo go""ne', 'gone'),
  ]);
});

void t.test('terminal modes that the command sets stay', async (test) => {
  const shown = await both(test, [
    'state before',
    ...line('$P stty -echo -icrnl intr ^X'),
    'state changed',
    'send $P stty echo icrnl intr ^C\\x0a',
    'expect ready> ',
    'state restored',
  ]);
  const [before = '', changed = '', restored = ''] = shown;
  test.not(changed.replace('changed', 'before'), before, 'stty has changed them');
  test.equal(restored.replace('restored', 'before'), before);
});

void t.test('SIGWINCH arrives', async (test) => {
  await both(test, [
    `send $P bash -c 'trap "stty size; kill %1; exit 5" WINCH; sleep 1000 & echo sta""rted; wait'\\n`,
    'expect started',
    'size 41 123',
    'expect 41 123',
    'expect ready> ',
    ...status(5),
  ]);
});

void t.test('a pipeline in front: Ctrl-C reaches all of it', async (test) => {
  await both(test, [
    `send ${started} | $P cat\\n`,
    'expect started',
    'send \\x03',
    'expect ready> ',
    ...line('echo "${PIPESTATUS[*]}"', '130 130'),
  ]);
});

void t.test('what the command inherits from an interactive bash', async (test) => {
  const place = scratch(test);
  const file = (name: string): string => path.join(place, name);
  const steps = (name: string): readonly string[] => [
    `send $P $REPORT ${file('report')}; mv ${file('report')} ${file(name)}\\n`,
    'expect ready> ',
    ...status(0),
  ];
  await session(test, native, steps('env'));
  await session(test, product, steps('exec'));
  // Not the numbers of the two sessions, nor what stands for the program that bash started.
  const skip =
    /^(pid|ppid|pgrp|sid|fd\.[0-9]+(\.file)?|controlling-terminal|usage\.\w+|Seccomp\w*|TracerPid): /;
  const known: readonly string[] = stays ? documentedWhereAParentStays : [];
  const facts = (name: string): readonly string[] =>
    readFileSync(file(name), 'latin1')
      .split('\n')
      .filter(
        (line) =>
          !skip.test(line) &&
          !known.includes(line.split(':')[0] ?? '') &&
          !/^environment\.\d+: (_|P)=/.test(line),
      );
  test.ok(facts('env').includes('terminal.0.foreground: our group'));
  test.same(facts('exec'), facts('env'));
});

void t.test('Ctrl-C at any moment of the start', async (test) => {
  const steps = Array.from({ length: 40 }, (_, i) => [
    `send $P sleep 1000\\n`,
    'front',
    `pause ${i * 5000}`,
    'send \\x03',
    'expect ready> ',
    ...status(130),
  ]);
  const shown = await both(test, ['state before', ...steps.flat(), 'state after']);
  test.equal(shown[1]?.replace('after', 'before'), shown[0]);
});

void t.test('Ctrl-Z at any moment of the start, then fg', async (test) => {
  const steps = Array.from({ length: 40 }, (_, i) => [
    `send $P sh -c 'read x; echo "got-$x"; exit 3'\\n`,
    'front',
    `pause ${i * 5000}`,
    ...ctrlZ,
    'send fg\\n',
    `send hello${i}\\n`,
    `expect got-hello${i}`,
    'expect ready> ',
    ...status(3),
  ]);
  const shown = await both(test, ['state before', ...steps.flat(), 'state after']);
  test.equal(shown[1]?.replace('after', 'before'), shown[0]);
});
