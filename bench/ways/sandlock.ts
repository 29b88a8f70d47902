import { dirname } from 'node:path';
import { pin } from './pin.js';
import { firstLine, isInstalled, once, output, tryTrue } from './try.js';
import { doesNothing, type Job, type Way } from './way.js';

export function sandlock({ virtual }: Job): Way {
  const mount =
    virtual === undefined
      ? []
      : ['--fs-mount', `${dirname(virtual.path)}:${dirname(virtual.file)}:ro`];
  const way: Way = {
    name: 'sandlock',
    place: 'here',
    kind: 'peer',
    does: { ...doesNothing, virtual: virtual !== undefined },
    ownMounts: true,
    differs:
      'a sandbox by user notification and Landlock: shows another directory in place of that of the virtual file, looks up every path itself, changes no statfs, does not stop fstatfs, and has a mount table of its own',
    available: once(() => {
      if (!isInstalled('sandlock')) return 'sandlock is not installed (cargo install sandlock-cli)';
      return tryTrue(way);
    }),
    version: once(() => firstLine(output(['sandlock', '--version']))),
    // It is allowed everything: its rules are not what is measured.
    wrap: (words, { pinned }) =>
      pin(
        ['sandlock', 'run', '--chroot', '/', '-r', '/', '-w', '/', ...mount, '--', ...words],
        pinned,
      ),
  };
  return way;
}
