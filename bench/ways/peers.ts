// Programs of others that stop calls as well.
import { dirname } from 'node:path';
import { makePeer } from './make.js';
import { once, output } from './try.js';
import { doesNothing, type Job, type Way } from './way.js';

/** `calls` as strace(1) takes them; a question mark: if there is such a call. */
export const straceOf = (calls: string, ...options: readonly string[]): Way =>
  makePeer({
    name: 'strace',
    does: doesNothing,
    differs: 'prints the same calls (to /dev/null) and changes none of them',
    front: () => [
      ...['strace', '-f', '--seccomp-bpf', ...options, '-e', `trace=${calls}`, '-o', '/dev/null'],
    ],
  });

/** Of those that this project's policies stop. */
export const strace = straceOf('statfs,fstatfs,?open,openat,?openat2,?stat,?newfstatat,?statx');

export function proot({ virtual }: Job): Way {
  const bind = virtual === undefined ? [] : ['-b', `${virtual.file}:${virtual.path}`];
  const way = makePeer({
    name: 'proot',
    does: { ...doesNothing, virtual: true },
    differs:
      'binds one file over the virtual one, translates every path, and changes neither statfs nor the mount table',
    front: () => ['proot', ...bind],
  });
  const version = once(() => /v?\d+\.\d+\.\d+\S*/.exec(output(['proot', '--version']) ?? '')?.[0]);
  return { ...way, version };
}

export function sandlock({ virtual }: Job): Way {
  const mount =
    virtual === undefined
      ? []
      : ['--fs-mount', `${dirname(virtual.path)}:${dirname(virtual.file)}:ro`];
  return makePeer({
    name: 'sandlock',
    from: 'cargo install sandlock-cli',
    does: { ...doesNothing, virtual: virtual !== undefined },
    ownMounts: true,
    differs:
      'a sandbox by user notification and Landlock: shows another directory in place of that of the virtual file, looks up every path itself, changes no statfs, does not stop fstatfs, and has a mount table of its own',
    // It is allowed everything: its rules are not what is measured.
    front: () => ['sandlock', 'run', '--chroot', '/', '-r', '/', '-w', '/', ...mount, '--'],
  });
}
