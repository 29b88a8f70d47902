// What befalls programs and their supervisor meanwhile. Each event throws if the outcome is none that the
// documentation allows, and says why where it cannot be had here.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { run } from '../inplace/helpers.js';
import { watch } from '../kill/load.js';
import { findProgram } from '../lanes/programs.js';
import { SILENCE_SECONDS } from '../support/silence.js';
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

/** The worker is killed for want of memory; another one takes over, and no answer is wrong. */
const outOfMemory: Event = async ({ way, place }) => {
  if (way.mechanism !== 'notify') return 'who traces is alone, and programs end with it';
  const memory = memoryCgroup();
  if (memory === undefined) return 'no cgroup whose memory can be limited';
  const { cgroup } = memory;
  const tree = new Tree(way, place);
  try {
    await tree.subject.hear('ready');
    // Not the guardian: whom it starts from there on would have no memory, either.
    const [, worker] = tree.supervisors;
    if (worker === undefined) throw new Error('no worker');
    const gone = await ends([worker]);
    writeFileSync(path.join(cgroup, 'cgroup.procs'), `${worker}`);
    writeFileSync(`/proc/${worker}/oom_score_adj`, '0');
    writeFileSync(path.join(cgroup, memory.limit), '65536');
    await tree.work(gone());
    if (!/^oom_kill [1-9]/m.test(readFileSync(path.join(cgroup, memory.kills), 'utf8')))
      throw new Error('it has ended otherwise');
    if ((await tree.subject.end()) !== 0) throw new Error(tree.subject.errors);
  } finally {
    tree.subject.kill();
  }
  rmdirSync(cgroup);
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
  'worker killed for want of memory': outOfMemory,
  'stress-ng, which verifies': stressNg,
};
