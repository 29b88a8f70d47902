// What befalls programs and their supervisor meanwhile. Each event throws if the outcome is none that the
// documentation allows, and says why where it cannot be had here.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { cleanly, run } from '../inplace/helpers.js';
import { watch } from '../kill/load.js';
import { findProgram } from '../lanes/programs.js';
import { freeze, freezer, removeCgroup, thaw } from '../support/freezer.js';
import { SILENCE_MS, SILENCE_SECONDS } from '../support/silence.js';
import { Subject } from '../support/subject.js';
import { execBy, Tree, type Way } from './tree.js';

/** `place`: an empty directory. `size`: how many processes, or calls. */
export interface Scene {
  readonly way: Way;
  readonly place: string;
  readonly size: number;
}

/** Undefined: it went well. */
export type Event = (scene: Scene) => Promise<string | undefined>;

/** Holds on to these processes now; the promise is kept once all have ended. */
const ends = (pids: readonly number[]): Promise<() => Promise<string>> =>
  watch(pids, SILENCE_SECONDS / 2);

/** Programs that ask for the filesystem of /dev/shm; each has to be told ext4. */
const manyAsk = (count: number, end: string): string =>
  `n=0; while [ $n -lt ${count} ]; do stat -f -c %T /dev/shm ${end} n=$((n + 1)); done; wait`;

async function allAreTold(words: readonly string[], count: number): Promise<void> {
  const { status, stdout, stderr } = await run(words);
  const told = stdout.split('\n').filter((line) => line === 'ext2/ext3').length;
  if (status !== 0 || told !== count)
    throw new Error(`${told} of ${count} were told, status ${status ?? 'none'}: ${stderr}`);
}

/** Thousands of processes at once. */
const crowd: Event = async ({ way, size }) => {
  await allAreTold([...execBy(way), 'sh', '-c', manyAsk(size, '&')], size);
  return undefined;
};

/** Programs are killed in the middle of their calls; nobody is left over. */
const killed: Event = async ({ way, place }) => {
  const tree = new Tree(way, place);
  await tree.subject.hear('ready');
  const gone = await ends(tree.supervisors);
  tree.subject.say('go');
  await setTimeout(Math.random() * 200);
  tree.subject.kill();
  writeFileSync(path.join(place, 'stop'), ''); // for those that it has started
  await gone();
  return undefined;
};

/** The disk that the log is on has a page left. */
const fullDisk: Event = async ({ way, place, size }) => {
  if (process.getuid?.() !== 0) return 'no root, who can mount a small disk';
  const disk = path.join(place, 'disk');
  mkdirSync(disk);
  const script = [
    `mount -t tmpfs -o size=64k tmpfs ${disk} && { head -c 60k /dev/zero >${disk}/all; shift;`,
    'exec "$@"; }',
  ].join('\n');
  const logged = [...execBy(way), '--log-level', 'trace', '--log-file', `${disk}/log`];
  const words = ['unshare', '-m', '--propagation', 'private', 'sh', '-c', script, 'sh', '-'];
  await allAreTold([...words, ...logged, '--', 'sh', '-c', manyAsk(size, ';')], size);
  return undefined;
};

/** Whoever reads the log has stopped, and there is room for a few lines. */
const silentReader: Event = async ({ way, place, size }) => {
  const fifo = path.join(place, 'log');
  execFileSync('mkfifo', [fifo]);
  const script = `exec 9<>${fifo}; head -c 60k /dev/zero >&9; "$@" 9<&-`;
  const logged = [...execBy(way), '--log-level', 'trace', '--log-file', fifo];
  const words = ['sh', '-c', script, 'sh', ...logged, '--', 'sh', '-c', manyAsk(size, ';')];
  await allAreTold(words, size);
  return undefined;
};

/** A cgroup whose memory can be limited, with the files that say how much and how many were killed. */
function memoryCgroup() {
  const places = [
    { at: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', kills: 'memory.oom_control' },
    { at: '/sys/fs/cgroup', limit: 'memory.max', kills: 'memory.events' },
  ];
  for (const { at, limit, kills } of places) {
    try {
      const cgroup = mkdtempSync(path.join(at, 'stress-'));
      if (existsSync(path.join(cgroup, limit))) return { cgroup, limit, kills };
      rmdirSync(cgroup);
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** Four take all memory of their cgroup: none has so much that it is chosen first. */
const takers = (cgroup: string): string =>
  `echo $$ >${cgroup}/cgroup.procs; for i in 1 2 3 4; do tail /dev/zero & done; wait`;

/** The kernel kills one of them, for want of memory in its cgroup. */
async function endForMemory(pid: number): Promise<void> {
  const memory = memoryCgroup();
  if (memory === undefined) throw new Error('no cgroup whose memory can be limited');
  const { cgroup } = memory;
  writeFileSync(path.join(cgroup, memory.limit), String(16 << 20));
  const gone = await ends([pid]);
  writeFileSync(path.join(cgroup, 'cgroup.procs'), `${pid}`);
  writeFileSync(`/proc/${pid}/oom_score_adj`, '1000'); // the first to be chosen
  const taker = new Subject(cleanly(['sh', '-c', takers(cgroup)]));
  try {
    await gone();
    if (!/^oom_kill [1-9]/m.test(readFileSync(path.join(cgroup, memory.kills), 'utf8')))
      throw new Error('it has ended otherwise');
  } finally {
    await taker.end(); // one after the other is killed, too
    await removeCgroup(cgroup);
  }
}

const noMemory = (): string | undefined => {
  const memory = memoryCgroup();
  if (memory === undefined) return 'no cgroup whose memory can be limited';
  rmdirSync(memory.cgroup);
  return undefined;
};

/** Another worker takes over, and no answer is wrong. */
const workerOutOfMemory: Event = async ({ way, place }) => {
  if (way.mechanism !== 'notify') return 'who traces is alone';
  const why = noMemory();
  if (why !== undefined) return why;
  const tree = new Tree(way, place);
  try {
    await tree.subject.hear('ready');
    const [, worker] = tree.supervisors;
    if (worker === undefined) throw new Error('no worker');
    await tree.work(endForMemory(worker));
    if ((await tree.subject.end()) !== 0) throw new Error(tree.subject.errors);
  } finally {
    tree.subject.kill();
  }
  return undefined;
};

/** By `notify` the worker serves on, and ends with the last program; programs end with who traces them. */
const guardianOutOfMemory: Event = async ({ way, place }) => {
  const why = noMemory();
  if (why !== undefined) return why;
  const tree = new Tree(way, place);
  try {
    await tree.subject.hear('ready');
    const [guardian = 0, worker] = tree.supervisors;
    if (worker !== undefined) {
      const gone = await ends([worker]);
      await tree.work(endForMemory(guardian));
      await tree.work(Promise.resolve());
      if ((await tree.subject.end()) !== 0) throw new Error(tree.subject.errors);
      await gone();
      return undefined;
    }
    tree.subject.say('go');
    while (tree.programs.length < 2) await setTimeout(1);
    const gone = await ends(tree.programs);
    await endForMemory(guardian);
    await gone();
    const [, signal] = (await tree.subject.closed) as readonly [number | null, string | null];
    if (signal !== 'SIGKILL') throw new Error(`programs ended by ${signal ?? 'themselves'}`);
  } finally {
    tree.subject.kill();
  }
  return undefined;
};

/** How often its threads have waited: for an answer, most of all. */
const waitsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => readFileSync(`/proc/${pid}/task/${task}/status`, 'latin1'))
    .reduce((all, text) => all + Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(text)?.[1]), 0);

/** Until it was answered a thousand calls more or so. */
async function goesOn(pid: number): Promise<void> {
  const enough = waitsOf(pid) + 1000;
  const until = Date.now() + SILENCE_MS / 2;
  while (waitsOf(pid) < enough) {
    if (Date.now() > until) throw new Error('nobody is served beside those that are frozen');
    await setTimeout(5);
  }
}

/** Programs are frozen in the middle of calls, again and again: all of them, or some while the others go on. */
const frozen =
  (kind: 'freezer v1' | 'freezer v2'): Event =>
  async ({ way, place }) => {
    const cgroup = freezer(kind);
    if (cgroup === undefined) return 'no cgroup of it can be made here';
    const tree = new Tree(way, place);
    const hold = (pids: readonly number[]): void => {
      for (const pid of pids) writeFileSync(path.join(cgroup, 'cgroup.procs'), `${pid}`);
    };
    const again = async (meanwhile: () => Promise<unknown>): Promise<void> => {
      for (let times = 0; times < TIMES; times++) {
        await setTimeout(Math.random() * 20);
        await freeze(cgroup);
        await meanwhile();
        thaw(cgroup);
      }
    };
    const part = async (): Promise<void> => {
      while (tree.programs.length < 2) await setTimeout(1);
      const [first = 0, ...others] = tree.programs;
      hold(others);
      await again(() => goesOn(first));
    };
    try {
      await tree.subject.hear('ready');
      await tree.work(part());
      hold(tree.programs);
      await tree.work(again(() => setTimeout(Math.random() * 50)));
      if ((await tree.subject.end()) !== 0) throw new Error(tree.subject.errors);
    } finally {
      thaw(cgroup);
      tree.subject.kill();
    }
    await removeCgroup(cgroup);
    return undefined;
  };

const TIMES = 10;

/** Each of them, in an order that nobody knows. */
function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of [...pids].sort(() => Math.random() - 0.5)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Programs and supervisors are stopped, and continued. */
const stopped: Event = async ({ way, place }) => {
  const tree = new Tree(way, place);
  const again = async (): Promise<void> => {
    for (let times = 0; times < TIMES; times++) {
      await setTimeout(Math.random() * 20);
      const all = [...tree.programs, ...tree.supervisors];
      signalAll(all, 'SIGSTOP');
      await setTimeout(Math.random() * 50);
      signalAll(all, 'SIGCONT');
    }
  };
  try {
    await tree.subject.hear('ready');
    await tree.work(again());
    if ((await tree.subject.end()) !== 0) throw new Error(tree.subject.errors);
  } finally {
    tree.subject.kill();
  }
  return undefined;
};

/** Those that ask for files, or are interrupted. */
const stressors = [
  ...'access chdir clone dentry dir dup exec fcntl file-ioctl filename flock'.split(' '),
  ...'fork fstat futex getdent hdd link memfd open pipe poll rename seek sendfile'.split(' '),
  ...'signal sigq symlink unshare utime vfork xattr'.split(' '),
];

/** What stress-ng verifies holds as it does natively. */
const stressNg: Event = async ({ way, place, size }) => {
  if (findProgram('stress-ng') === undefined) return 'no stress-ng';
  const name = stressors[Math.floor(Math.random() * stressors.length)] ?? 'open';
  // Some never end by themselves every now and then, natively, too.
  const words = ['stress-ng', '--quiet', '--verify', '--timeout', '60s', '--temp-path', place];
  const load = [...words, `--${name}`, '2', `--${name}-ops`, `${size}`];
  const native = await run(load, { cwd: place });
  const below = await run([...execBy(way), '--', ...load], { cwd: place });
  if (below.status !== native.status)
    throw new Error(
      `${name}: ${below.status ?? below.signal} instead of ${native.status}: ${below.stderr}`,
    );
  return undefined;
};

export const events: Readonly<Record<string, Event>> = {
  'processes at once': crowd,
  'programs killed in the middle of calls': killed,
  'log on a full disk': fullDisk,
  'log that nobody reads': silentReader,
  'worker killed for want of memory': workerOutOfMemory,
  'guardian or tracer killed for want of memory': guardianOutOfMemory,
  'programs in freezer v1': frozen('freezer v1'),
  'programs in freezer v2': frozen('freezer v2'),
  'all stopped and continued': stopped,
  'stress-ng, which verifies': stressNg,
};
