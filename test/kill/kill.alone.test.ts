// Workers are SIGKILLed at random under load: no call is lost, none is answered wrongly, no descriptor
// leaks. Then the ends: of the guardian, of a daemon, of everything.
// KILLS=n and SEED=n choose the number of kills and the delays before them.
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import {
  awaitPids,
  buildKillTools,
  cleanly,
  environment,
  notApplicable,
  program,
  root,
  run,
  scratch,
} from '../inplace/helpers.js';
import { SILENCE_MS, SILENCE_SECONDS } from '../support/silence.js';

const tools = buildKillTools();
const killer = path.join(tools, 'killer');
const goSubject = path.join(tools, 'load-go');
const kills = Number(process.env['KILLS'] ?? 10_000);
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));
/** The longest life of a worker, in microseconds; and one so short that it hardly ever serves. */
const usualLife = 2000;
const shortLife = 100;
const ownPlace = mkdtempSync(path.join(tmpdir(), 'kill-'));
t.teardown(() => {
  rmSync(ownPlace, { recursive: true });
});
const policy = path.join(ownPlace, 'kept.yaml');
writeFileSync(
  policy,
  [
    'apiVersion: seccomp-spoof/v1',
    'name: kept',
    'files:',
    '  - { path: /dev/shm/seccomp-spoof-kept, content: "", writes: keep, when: missing }',
    '',
  ].join('\n'),
);
const exec = [program, 'exec', '--policy', policy, '--fstype', 'tmpfs=ext4'];

type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

const readLog = (file: string): readonly LogLine[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);

function numberOf(line: LogLine | undefined, name: string): number {
  const found = line?.[name];
  if (typeof found !== 'number') throw new Error(`no ${name} in ${JSON.stringify(line)}`);
  return found;
}

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);

/**
 * What the descriptors of a process are. Without their numbers: a new worker opens some of its own
 * while the guardian, who shares the table, still holds the pidfd of the dead one.
 */
/** A worker keeps one for each thread that it has met lately, and the guardian one for the worker. */
const pidfd = 'anon_inode:[pidfd]';
const mostPidfds = 64 + 1;

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

/** A spoofed program that is spoken to in lines. */
class Subject {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly closed: Promise<unknown>;
  errors = '';

  constructor(words: readonly string[]) {
    const [file = '', ...rest] = cleanly(words);
    this.#child = spawn(file, rest, { cwd: '/', stdio: 'pipe' });
    this.#child.stderr.on('data', (data: Buffer) => (this.errors += data.toString()));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.closed = once(this.#child, 'close');
  }

  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Reads lines up to `last`; fails the test when it falls silent. */
  async hear(last: string): Promise<readonly string[]> {
    const heard: string[] = [];
    for (;;) {
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), SILENCE_MS);
      const next = await this.#lines.next();
      clearTimeout(timer);
      if (next.done === true)
        throw new Error(`no "${last}" after ${heard.join(', ')}: ${this.errors}`);
      if (next.value === last) return heard;
      heard.push(next.value);
    }
  }

  async end(): Promise<number | null> {
    this.#child.stdin.end();
    await this.closed;
    return this.#child.exitCode;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Holds on to processes now; the result says later whether all of them have ended in time. */
async function watch(pids: readonly number[], seconds: number): Promise<() => Promise<string>> {
  const watcher = new Subject([awaitPids, String(seconds), ...pids.map(String)]);
  await watcher.hear('watching');
  return async () => {
    await watcher.hear('gone');
    return 'gone';
  };
}

interface Spoofed {
  readonly subject: Subject;
  readonly log: string;
  readonly guardian: number;
  readonly stop: string;
}

const sizesOfShm = (): readonly string[] =>
  execFileSync('stat', ['-f', '-c', '%s %l', '/dev/shm'], { encoding: 'utf8' }).trim().split(' ');

async function startLoad(test: Test, shellSubject: string): Promise<Spoofed> {
  const place = scratch(test);
  const log = path.join(place, 'log');
  const stop = path.join(place, 'stop');
  const load = [path.join(tools, 'load'), ...sizesOfShm(), stop];
  const go = existsSync(goSubject) ? goSubject : '-';
  if (go === '-') notApplicable(test, 'the Go subject: there is no Go here');
  const subject = new Subject([...exec, '--log-file', log, ...load, go, shellSubject]);
  test.teardown(() => {
    subject.kill();
  });
  await subject.hear('ready');
  const started = readLog(log).find((line) => line.msg === 'guardian started');
  return { subject, log, stop, guardian: numberOf(started, 'guardian') };
}

interface Tally {
  readonly subject: string;
  readonly calls: number;
  readonly native: number;
  readonly wrong: number;
}

async function stopLoad(subject: Subject): Promise<readonly Tally[]> {
  subject.say('stop');
  return (await subject.hear('stopped')).map((line) => JSON.parse(line) as Tally);
}

function checkTallies(test: Test, tallies: readonly Tally[], subjects: number): void {
  test.equal(tallies.length, subjects, 'every subject has come to its end');
  for (const { subject, calls, native, wrong } of tallies) {
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

async function kill(test: Test, guardian: number, count: number, most: number): Promise<number> {
  const words = [killer, guardian, count, seed, most].map(String);
  const end = await run(words);
  test.same([end.status, end.stderr], [0, ''], end.stdout.trim());
  return count;
}

void t.test(`workers killed ${kills} times, seed ${seed}`, async (test) => {
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
  test.equal(died.length, killed, 'every kill is in the log');
  const fallen = died.filter((line) => line['signal'] !== 9);
  test.same(fallen, [], 'and nothing else killed a worker');
  const totals = lines.find((line) => line.msg === 'totals');
  test.equal(
    numberOf(totals, 'workerStarts'),
    killed + 1,
    'a worker for every kill, and the first',
  );
  test.equal(numberOf(totals, 'givenUp'), 0);
});

void t.test(
  'workers killed at birth: every call returns, none is answered wrongly',
  async (test) => {
    const shellSubject = path.join(root, 'test/kill/load.sh');
    const { subject, log, guardian } = await startLoad(test, shellSubject);
    subject.say('go');
    await kill(test, guardian, Math.min(kills, 1000), shortLife);
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
  },
);

void t.test(
  'the guardian is killed: the worker serves on, and ends with the last task',
  async (test) => {
    const { subject, guardian } = await startLoad(test, '-');
    const [worker = 0] = childrenOf(guardian);
    const first = await watch([guardian], goneAfter);
    const second = await watch([worker], goneAfter);
    process.kill(guardian, 'SIGKILL');
    test.equal(await first(), 'gone');
    subject.say('go');
    const busy = await run(['stat', '-f', '/'], {});
    test.equal(busy.status, 0);
    checkTallies(test, await stopLoad(subject), existsSync(goSubject) ? 2 : 1);
    test.equal(await subject.end(), 0, subject.errors);
    test.equal(await second(), 'gone', 'the worker has ended');
  },
);

void t.test('the command is killed: everything ends', async (test) => {
  const { subject, guardian } = await startLoad(test, '-');
  const everything = await watch([guardian, ...childrenOf(guardian)], goneAfter);
  subject.kill();
  test.equal(await everything(), 'gone');
});

void t.test('signals that can be caught do not end guardian and worker', async (test) => {
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

void t.test('a daemon that outlives the command is served, then everything ends', async (test) => {
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
