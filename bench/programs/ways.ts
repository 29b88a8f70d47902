// The ways in which a program is run: those of the table `calls` that say something about programs,
// with the default policy.
import type { Row } from '../model.js';
import { native } from '../ways/bases.js';
import { ours } from '../ways/ours.js';
import { straceOf } from '../ways/peers.js';
import type { Way } from '../ways/way.js';
import { waysHere } from '../ways/ways.js';

const job = { policy: '9p-as-ext4' };

/** Of what that policy stops: ways to open, and what tells the type of a filesystem. */
const strace = straceOf('?open,openat,?openat2,statfs,fstatfs', '-qq');

export const ways: Readonly<Record<Row['place'], readonly Way[]>> = {
  here: waysHere(job)
    .filter(({ name, kind }) => kind !== 'base' || name === native.name)
    .map((way) => (way.name === strace.name ? strace : way)),
  // Debian's gVisor, of 2022, has no user notification.
  gvisor: [native, ours('trace', job), ours('ptrace', job)],
};

/** The words in front of a command's own. */
export const prefix = (way: Way): readonly string[] => way.wrap([], { pinned: false });
