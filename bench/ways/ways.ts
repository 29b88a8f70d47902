// Every way that there is.
import { allow, floor, native } from './bases.js';
import { mechanisms, ours } from './ours.js';
import { proot } from './proot.js';
import { strace } from './strace.js';
import type { Job, Way } from './way.js';

/** On this kernel, bases first. */
export const waysHere = (job: Job): readonly Way[] => [
  native,
  allow,
  floor(job),
  ...mechanisms.map((mechanism) => ours(mechanism, job)),
  strace,
  proot(job),
];
