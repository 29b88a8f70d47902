// Every way that there is.
import { allow, floor, native } from './bases.js';
import { inGvisor, Sandboxes } from './gvisor.js';
import { inline, mechanisms, ours } from './ours.js';
import { proot, sandlock, strace } from './peers.js';
import { runsc } from './runsc.js';
import type { Job, Way } from './way.js';

/** On this kernel, bases first. */
export const waysHere = (job: Job): readonly Way[] => [
  native,
  allow,
  floor(job),
  ...mechanisms.map((mechanism) => ours(mechanism, job)),
  inline('notify', job),
  inline('trace', job),
  strace,
  proot(job),
  sandlock(job),
  runsc(job),
];

/** In gVisor, which has no user notification. `directory`: that the job lies in. */
export function waysInGvisor(job: Job, directory: string): readonly Way[] {
  const sandboxes = new Sandboxes([{ from: directory, mode: 'rw' }]);
  const ways = [native, ours('trace', job), ours('ptrace', job), inline('trace', job)];
  return ways.map((way) => inGvisor(way, sandboxes));
}
