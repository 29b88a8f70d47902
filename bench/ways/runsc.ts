// gVisor as a peer: the command runs on another kernel, which is told to have another file there.
import { dirname } from 'node:path';
import { types } from '../types.js';
import { Sandboxes } from './gvisor.js';
import { doesNothing, type Job, type Way } from './way.js';

export function runsc({ virtual }: Job): Way {
  const sandboxes = new Sandboxes(
    virtual === undefined
      ? []
      : [
          { from: dirname(dirname(virtual.path)), mode: 'rw' },
          { from: dirname(virtual.file), to: dirname(virtual.path), mode: 'ro' },
        ],
  );
  return {
    name: 'runsc',
    place: 'here',
    kind: 'peer',
    does: { ...doesNothing, virtual: virtual !== undefined },
    differs:
      'gVisor, ptrace platform: another kernel answers every call, and reaches files through 9p; a directory is bound over that of the virtual file; statfs asks a tmpfs of its own',
    asks: { path: '/tmp', type: types.tmpfs },
    ownMounts: true,
    available: () => sandboxes.available(),
    version: () => sandboxes.version(),
    wrap: (words, options) => sandboxes.wrap(words, options),
    cleanup: () => {
      sandboxes.cleanup();
    },
  };
}
