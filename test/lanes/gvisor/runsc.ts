// The two programs that make a gVisor sandbox: Debian's, and the newest one, built from the module
// in test/gvisor/newest and kept in a cache directory.
import { buildModule } from '../module.js';
import { Unavailable, requireProgram } from '../programs.js';

export interface Runsc {
  /** Its file; throws Unavailable. */
  readonly find: () => string;
  /** What it needs besides what all of them need. */
  readonly flags: readonly string[];
  /** The same if there shall be cgroups of this version; throws Unavailable. */
  readonly cgroups: (version: 1 | 2) => readonly string[];
}

/** Of 2022. Its ptrace platform needs neither KVM nor anything new of the kernel. */
export const debian: Runsc = {
  find: () => requireProgram('runsc', 'runsc'),
  flags: ['--platform=ptrace'],
  cgroups(version) {
    if (version === 1) return ['--cgroupfs'];
    throw new Unavailable('gVisor of 2022 has cgroups of version 1 only');
  },
};

/** The root shall be 9p as it is, without the overlay that it gets by default. */
export const newest: Runsc = {
  find: () =>
    buildModule({
      name: 'gVisor',
      directory: 'test/gvisor/newest',
      path: 'gvisor.dev/gvisor',
      target: 'gvisor.dev/gvisor/runsc',
      program: 'runsc',
      cache: 'gvisor',
    }),
  flags: ['--platform=systrap', '--overlay2=none'],
  cgroups: (version) => [`--in-sandbox-cgroup=v${version}`],
};
