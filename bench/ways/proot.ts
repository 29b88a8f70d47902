import { pin } from './pin.js';
import { isInstalled, once, output, tryTrue } from './try.js';
import { doesNothing, type Job, type Way } from './way.js';

export function proot({ virtual }: Job): Way {
  const bind = virtual === undefined ? [] : ['-b', `${virtual.file}:${virtual.path}`];
  const way: Way = {
    name: 'proot',
    place: 'here',
    kind: 'peer',
    does: { ...doesNothing, virtual: true },
    differs:
      'binds one file over the virtual one, translates every path, and changes neither statfs nor the mount table',
    available: once(() => {
      if (!isInstalled('proot')) return 'proot is not installed';
      return tryTrue(way);
    }),
    version: once(() => /v?\d+\.\d+\.\d+\S*/.exec(output(['proot', '--version']) ?? '')?.[0]),
    wrap: (words, { pinned }) => pin(['proot', ...bind, ...words], pinned),
  };
  return way;
}
