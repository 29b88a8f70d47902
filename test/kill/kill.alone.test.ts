// Guardian and worker are killed, stopped, traced and frozen at random under load: no call is lost, none
// is answered wrongly, no descriptor leaks. Then the ends: of the guardian, of a daemon, of everything.
// KILLS=n and SEED=n choose the number of rounds and the delays in them; REPORT=FILE writes the figures
// there (`npm run kill`: docs/reliability.md).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import {
  buildKillTools,
  cleanly,
  environment,
  notApplicable,
  program,
  root,
  run,
  scratch,
} from '../inplace/helpers.js';
import { Random } from '../support/random.js';
import { freezers } from '../support/freezer.js';
import { madeBy, thisMachine, writeSection } from '../support/section.js';
import { SILENCE_SECONDS } from '../support/silence.js';
import { childrenOf, numberOf, readLog, Subject } from '../support/subject.js';
import { keptPolicy, mostPidfds, sizesOfShm, stopLoad, type Tally, watch } from './load.js';

const tools = buildKillTools();
const killer = path.join(tools, 'killer');
const goSubject = path.join(tools, 'load-go');
/** Rounds in all; half of them are kills of workers that have served for a while. */
const rounds = Number(process.env['KILLS'] ?? 2000);
const kills = Math.ceil(rounds / 2);
const killsAtBirth = Math.ceil(rounds / 20);
/** Each needs a tree of its own, since nobody replaces a guardian. */
const trees = Math.ceil(rounds / 100);
/** Of `trace`, and of `ptrace`. */
const ofTracer = Math.ceil(rounds / 20);
const disturbances = rounds - kills - killsAtBirth - trees - 2 * ofTracer;
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));
/** The longest life of a worker, in microseconds; and one so short that it hardly ever serves. */
const usualLife = 2000;
const shortLife = 100;
const ownPlace = mkdtempSync(path.join(tmpdir(), 'kill-'));
t.teardown(() => {
  rmSync(ownPlace, { recursive: true });
});
const policy = path.join(ownPlace, 'kept.yaml');
writeFileSync(policy, keptPolicy);
// Every call is the supervisor's.
const exec = [program, 'exec', '--inline', 'off', '--policy', policy, '--fstype', 'tmpfs=ext4'];

/**
 * What the descriptors of a process are. Without their numbers: a new worker opens some of its own
 * while the guardian, who shares the table, still holds the pidfd of the dead one.
 */
const pidfd = 'anon_inode:[pidfd]';

const descriptorsOf = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/fd`)
    .map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\d+(?=\/mountinfo$)/, 'N');
      } catch {
        return 'gone meanwhile';
      }
    })
    .sort();

interface Spoofed {
  readonly subject: Subject;
  readonly log: string;
  readonly guardian: number;
  readonly stop: string;
}

async function startLoad(test: Test, shellSubject: string, mechanism = 'notify'): Promise<Spoofed> {
  const place = scratch(test);
  const log = path.join(place, 'log');
  const stop = path.join(place, 'stop');
  const load = [path.join(tools, 'load'), ...sizesOfShm(), stop];
  const go = existsSync(goSubject) ? goSubject : '-';
  if (go === '-') notApplicable(test, 'the Go subject: there is no Go here');
  const subject = new Subject(
    cleanly([...exec, '-m', mechanism, '--log-file', log, ...load, go, shellSubject]),
  );
  test.teardown(() => {
    subject.kill();
  });
  await subject.hear('ready');
  const started = readLog(log).find((line) => line.msg === 'guardian started');
  return { subject, log, stop, guardian: numberOf(started, 'guardian') };
}

function checkTallies(test: Test, tallies: readonly Tally[], subjects: number): void {
  test.equal(tallies.length, subjects, 'every subject has come to its end');
  for (const { subject, calls, native, wrong } of tallies) {
    callsChecked += calls;
    test.ok(calls > 0, `${subject}: ${calls} calls`);
    test.equal(wrong, 0, `${subject}: none was answered wrongly`);
    test.equal(native, 0, `${subject}: none was let run`);
  }
}

/** Descriptors come and go while something is served: nothing is, but the last answer is just out. */
const withoutPidfds = (names: readonly string[]): string =>
  names.filter((name) => name !== pidfd).join('\n');

async function settledDescriptors(
  guardian: number,
  like?: readonly string[],
): Promise<readonly string[]> {
  for (let tries = 0; ; tries++) {
    const now = descriptorsOf(guardian);
    if (tries > 12_000 || (like && withoutPidfds(like) === withoutPidfds(now))) return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (like === undefined && descriptorsOf(guardian).join() === now.join()) return now;
  }
}

/** Seconds, for what never ends. */
const goneAfter = SILENCE_SECONDS / 2;

/** What the killer did: how often each way, in the order of the words. */
async function disturb(
  test: Test,
  guardian: number | string,
  count: number,
  most: number,
  ways: readonly string[],
): Promise<readonly number[]> {
  const words = [killer, guardian, count, seed, most, ...ways].map(String);
  const end = await run(words);
  const said = end.stdout.trim();
  test.same([end.status, end.stderr], [0, ''], said);
  return (JSON.parse(said) as { readonly rounds: readonly number[] }).rounds;
}

async function kill(test: Test, guardian: number, count: number, most: number): Promise<number> {
  await disturb(test, guardian, count, most, ['kill']);
  return count;
}

/** For REPORT: what was done, how often, and what came of it. */
const figures: (readonly [string, number])[] = [];
let callsChecked = 0;

await t.test(`workers killed ${kills} times, seed ${seed}`, async (test) => {
  const shellSubject = path.join(root, 'test/kill/load.sh');
  const { subject, log, guardian } = await startLoad(test, shellSubject);
  const subjects = existsSync(goSubject) ? 3 : 2;
  // A few kills before the count, so that it is not the first worker that is compared with the last.
  subject.say('go');
  let killed = await kill(test, guardian, 20, usualLife);
  checkTallies(test, await stopLoad(subject), subjects);
  const before = await settledDescriptors(guardian);

  subject.say('go');
  killed += await kill(test, guardian, kills, usualLife);
  checkTallies(test, await stopLoad(subject), subjects);

  const after = await settledDescriptors(guardian, before);
  test.same(withoutPidfds(after), withoutPidfds(before), 'no descriptor has leaked');
  const pidfds = after.filter((name) => name === pidfd).length;
  test.ok(pidfds <= mostPidfds, `nor has a pidfd: ${pidfds}`);
  const [worker = 0, ...others] = childrenOf(guardian);
  test.same(others, [], 'the guardian has one worker, and no zombie');
  const everything = await watch([guardian, worker], goneAfter);
  test.equal(await subject.end(), 0, subject.errors);
  test.equal(await everything(), 'gone', 'guardian and worker have ended');

  const lines = readLog(log);
  const died = lines.filter((line) => line.msg === 'worker died');
  /** Where the machine is so busy that a worker gives no sign of life for seconds. */
  const replaced = lines.filter((line) => line.msg.startsWith('worker does not go on')).length;
  test.equal(died.length, killed + replaced, 'every kill is in the log');
  const fallen = died.filter((line) => line['signal'] !== 9);
  test.same(fallen, [], 'and nothing else killed a worker');
  const totals = lines.find((line) => line.msg === 'totals');
  test.equal(
    numberOf(totals, 'workerStarts'),
    killed + replaced + 1,
    'a worker for every kill, and the first',
  );
  test.equal(numberOf(totals, 'givenUp'), 0);
  figures.push(['worker killed', killed]);
});

await t.test(`guardian and worker disturbed ${disturbances} times, seed ${seed}`, async (test) => {
  const shellSubject = path.join(root, 'test/kill/load.sh');
  const cgroups = freezers(test);
  const ways = ['stop', 'trace', 'kill', ...[...cgroups.values()].map((name) => `freeze:${name}`)];
  const { subject, log, guardian } = await startLoad(test, shellSubject);
  subject.say('go');
  const done = await disturb(test, guardian, disturbances, usualLife, ways);
  checkTallies(test, await stopLoad(subject), existsSync(goSubject) ? 3 : 2);
  const everything = await watch([guardian, ...childrenOf(guardian)], goneAfter);
  test.equal(await subject.end(), 0, subject.errors);
  test.equal(await everything(), 'gone', 'guardian and worker have ended');
  const lines = readLog(log);
  const fallen = lines.filter((line) => line.msg === 'worker died' && line['signal'] !== 9);
  test.same(fallen, [], 'nothing but SIGKILL ended a worker');
  const totals = lines.find((line) => line.msg === 'totals');
  test.equal(numberOf(totals, 'givenUp'), 0);
  const names = ['stopped', 'traced', 'worker killed between', ...cgroups.keys()];
  names.forEach((name, i) => figures.push([name, done[i] ?? 0]));
});

for (const mechanism of ['trace', 'ptrace'])
  await t.test(
    `the tracer of ${mechanism} disturbed ${ofTracer} times, seed ${seed}`,
    async (test) => {
      const shellSubject = path.join(root, 'test/kill/load.sh');
      const cgroups = freezers(test);
      const freezes = [...cgroups.values()].map((name) => `freeze:${name}`);
      const { subject, guardian } = await startLoad(test, shellSubject, mechanism);
      subject.say('go');
      const ways = ['stop', 'trace', ...freezes];
      const done = await disturb(test, `tracer:${guardian}`, ofTracer, usualLife, ways);
      checkTallies(test, await stopLoad(subject), existsSync(goSubject) ? 3 : 2);
      const everything = await watch([guardian], goneAfter);
      test.equal(await subject.end(), 0, subject.errors);
      test.equal(await everything(), 'gone', 'the tracer has ended');
      const names = ['stopped', 'traced', ...cgroups.keys()];
      names.forEach((name, i) => figures.push([`${mechanism}: tracer ${name}`, done[i] ?? 0]));
    },
  );

await t.test(
  'workers killed at birth: every call returns, none is answered wrongly',
  async (test) => {
    const shellSubject = path.join(root, 'test/kill/load.sh');
    const { subject, log, guardian } = await startLoad(test, shellSubject);
    subject.say('go');
    await kill(test, guardian, killsAtBirth, shortLife);
    let native = 0;
    for (const tally of await stopLoad(subject)) {
      test.equal(tally.wrong, 0, `${tally.subject}: none was answered wrongly`);
      native += tally.native;
    }
    const everything = await watch([guardian, ...childrenOf(guardian)], goneAfter);
    test.equal(await subject.end(), 0, subject.errors);
    test.equal(await everything(), 'gone');
    // Most workers die before they begin: that is not held against the request that waits.
    test.equal(native, 0, 'none was let run');
    const totals = readLog(log).find((line) => line.msg === 'totals');
    test.equal(numberOf(totals, 'givenUp'), 0);
    figures.push(['worker killed at its birth', killsAtBirth]);
  },
);

/** For delays that the seed repeats. */
const random = new Random(seed);

await t.test(
  `the guardian is killed, ${trees} times: the worker serves on, and ends with the last task`,
  async (test) => {
    for (let i = 0; i < trees; i++) {
      const { subject, guardian } = await startLoad(test, '-');
      const [worker = 0] = childrenOf(guardian);
      const first = await watch([guardian], goneAfter);
      const second = await watch([worker], goneAfter);
      subject.say('go');
      await new Promise((resolve) => setTimeout(resolve, random.below(20)));
      process.kill(guardian, 'SIGKILL');
      test.equal(await first(), 'gone');
      checkTallies(test, await stopLoad(subject), existsSync(goSubject) ? 2 : 1);
      subject.say('go');
      checkTallies(test, await stopLoad(subject), existsSync(goSubject) ? 2 : 1);
      test.equal(await subject.end(), 0, subject.errors);
      test.equal(await second(), 'gone', 'the worker has ended');
    }
    figures.push(['guardian killed', trees]);
  },
);

await t.test('the command is killed: everything ends', async (test) => {
  const { subject, guardian } = await startLoad(test, '-');
  const everything = await watch([guardian, ...childrenOf(guardian)], goneAfter);
  subject.kill();
  test.equal(await everything(), 'gone');
});

await t.test('signals that can be caught do not end guardian and worker', async (test) => {
  const { subject, guardian } = await startLoad(test, '-');
  const [worker = 0] = childrenOf(guardian);
  const signals = [
    'SIGHUP',
    'SIGINT',
    'SIGQUIT',
    'SIGTERM',
    'SIGPIPE',
    'SIGALRM',
    'SIGUSR1',
  ] as const;
  for (const pid of [guardian, worker])
    for (const signal of [...signals, 'SIGUSR2', 'SIGTSTP', 'SIGCHLD'] as const)
      process.kill(pid, signal);
  subject.say('go');
  checkTallies(test, await stopLoad(subject), existsSync(goSubject) ? 2 : 1);
  test.same(childrenOf(guardian), [worker], 'the same worker');
  const everything = await watch([guardian, worker], goneAfter);
  test.equal(await subject.end(), 0);
  test.equal(await everything(), 'gone');
});

await t.test('a daemon that outlives the command is served, then everything ends', async (test) => {
  const place = scratch(test);
  const at = (name: string): string => path.join(place, name);
  execFileSync('mkfifo', [at('ask'), at('answer')]);
  writeFileSync(
    at('daemon'),
    `exec <"${at('ask')}" >"${at('answer')}" 2>&1\nread line\nstat -f -c %T /dev/shm\n`,
  );
  const start = `setsid sh "${at('daemon')}" </dev/null >/dev/null 2>&1 & echo $!; exit 3`;
  const words = [...exec, '--log-file', at('log'), 'sh', '-c', start];
  const end = await run(words, { env: environment });
  test.equal(end.status, 3, 'the command is gone');
  const started = readLog(at('log')).find((line) => line.msg === 'guardian started');
  const guardian = numberOf(started, 'guardian');
  const daemon = Number(end.stdout);
  const everything = await watch([daemon, guardian, ...childrenOf(guardian)], goneAfter);
  const answer = await run(['sh', '-c', `echo now >"${at('ask')}"; cat "${at('answer')}"`]);
  test.equal(answer.stdout, 'ext2/ext3\n', 'the daemon sees what the command saw');
  test.equal(await everything(), 'gone');
});

/** What docs/reliability.md says; a run that failed says nothing. */
function writeReport(file: string): void {
  const rows = figures.map(([name, count]) => `| ${name} | ${count} |`);
  const total = figures.reduce((sum, [, count]) => sum + count, 0);
  const lines = [
    'Guardian and worker were killed, stopped, traced and frozen at random while programs in C (signals and',
    'threads), Go and shell opened files and asked for filesystems, by `notify`; and the tracers of `trace` and `ptrace`,',
    'which end their programs if they are killed, were stopped, traced and frozen. Result: 0 wrong descriptors,',
    '0 lost calls, 0 wrong answers, and no descriptor too many in the programs or in the guardian.',
    '',
    `${madeBy('npm run kill')}; do not edit. Seed ${seed}.`,
    thisMachine(),
    '',
    '| what was done | times |',
    '| --- | --- |',
    ...rows,
    `| together | ${total} |`,
    `| calls that were checked meanwhile | ${callsChecked} |`,
    '',
    'Stopped: SIGSTOP, then SIGCONT. Traced: attached as a debugger does and held, or stopped at each system call',
    'as by `strace -p`, then detached. All but kills befell the guardian, the worker, or both, each at random, for',
    'up to 2 ms. A guardian that is killed is not replaced: its worker serves on, and each time a new tree was started.',
    '',
    '`KILLS=n npm test -- test/kill` makes n rounds (2,000 if nothing is said), `SEED=n` the same delays again.',
    'What may be left over after a death stands in [limits.md](limits.md) and',
    '[decision 12](decisions/0012-delivered-in-two-steps.md).',
  ];
  writeSection(file, 'Kills, stops, debuggers, freezers', lines);
}

const report = process.env['REPORT'];
if (report !== undefined && t.passing()) writeReport(path.resolve(root, report));
