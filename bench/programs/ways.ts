// The ways in which a program is run: those of the table `calls` that say something about programs,
// with the default policy.
import type { Row, WayInfo } from '../model.js';
import { native } from '../ways/bases.js';
import { ours } from '../ways/ours.js';
import { strace } from '../ways/strace.js';
import type { Way } from '../ways/way.js';
import { waysHere } from '../ways/ways.js';

const job = { policy: '9p-as-ext4' };

/** What that policy stops: ways to open, and what tells the type of a filesystem. */
const stopped = '?open,openat,?openat2,statfs,fstatfs';

const straceOfThose: Way = {
  ...strace,
  wrap: (words) => [
    ...['strace', '-f', '--seccomp-bpf', '-qq', '-e', `trace=${stopped}`, '-o', '/dev/null'],
    ...words,
  ],
};

export const ways: Readonly<Record<Row['place'], readonly Way[]>> = {
  here: waysHere(job)
    .filter(({ name, kind }) => kind !== 'base' || name === native.name)
    .map((way) => (way.name === strace.name ? straceOfThose : way)),
  // Debian's gVisor, of 2022, has no user notification.
  gvisor: [native, ours('trace', job), ours('ptrace', job)],
};

/** The words in front of a command's own. */
export const prefix = (way: Way): readonly string[] => way.wrap([], { pinned: false });

export function aboutWay(way: Way): WayInfo {
  const { differs } = way;
  const known = way.version?.();
  return {
    ...(known === undefined ? {} : { version: known }),
    ...(differs === undefined ? {} : { differs }),
  };
}
