// The ways in which a program is run: natively, below `exec` with the default policy, and below peers
// that are told to stop the same calls, as near as they can.
import { spawnSync } from 'node:child_process';
import type { Row } from '../model.js';
import { spoof } from '../paths.js';

export interface Way {
  readonly name: string;
  /** In front of the program's own. */
  readonly words: readonly string[];
  /** Somebody else's program: it may be missing, and need not be able to run everything. */
  readonly peer: boolean;
  readonly places: readonly Row['place'][];
}

const own = (mechanism: string, places: Way['places']): Way => ({
  name: mechanism,
  words: [spoof, 'exec', '-m', mechanism, '--'],
  peer: false,
  places,
});

/** What the default policy stops: every way to open, and what tells the type of a filesystem. */
const stopped = 'open,openat,openat2,statfs,fstatfs';

export const ways: readonly Way[] = [
  { name: 'native', words: [], peer: false, places: ['here', 'gvisor'] },
  own('notify', ['here']),
  own('trace', ['here', 'gvisor']),
  own('ptrace', ['here', 'gvisor']),
  {
    name: 'strace',
    words: ['strace', '-f', '--seccomp-bpf', '-qq', '-o', '/dev/null', '-e', `trace=${stopped}`],
    peer: true,
    places: ['here'],
  },
  { name: 'proot', words: ['proot'], peer: true, places: ['here'] },
  { name: 'syd', words: ['syd', '-poff', '-mlock:exec', '--'], peer: true, places: ['here'] },
];

/** Its version if a program can be run below it here; otherwise why not. */
export function tryPeer({ name, words }: Way): { version: string } | { why: string } {
  const [command = '', ...rest] = words;
  const version = spawnSync(command, ['--version'], { encoding: 'utf8' });
  if (version.error !== undefined) return { why: `${name} is not installed` };
  const ran = spawnSync(command, [...rest, 'true'], { encoding: 'utf8', timeout: 30_000 });
  if (ran.status === 0) return { version: version.stdout.trim().split('\n')[0] ?? 'unknown' };
  const why = ran.stderr.trim().slice(-400);
  return { why: `${name} cannot run a program here (status ${ran.status}): ${why}` };
}
