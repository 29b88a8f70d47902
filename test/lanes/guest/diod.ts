// A directory of the guest on 9p that diod serves, in the guest's memory: unlike qemu's server, it makes sockets
// and tells the types of files in their directory.
import { findProgram } from '../programs.js';

/** Why it cannot be had, or undefined. */
export const diodUnavailable = (): string | undefined =>
  findProgram('diod') === undefined ? 'no diod (Debian package diod)' : undefined;

/** Lines of a script that mount it, made anew. Databases that share their memory are mapped: not without a cache. */
export const mountOnDiod = (directory: string): string =>
  [
    'ip link set lo up',
    `mkdir -p /run/served ${directory}`,
    'diod -f -n -N -l 127.0.0.1:564 -e /run/served -L stderr >/dev/null 2>&1 &',
    'options=trans=tcp,version=9p2000.L,uname=root,aname=/run/served,msize=65536,cache=mmap',
    `until mount -t 9p -o $options 127.0.0.1 ${directory}; do sleep 1; done`,
  ].join('\n');
