// How ways come about that need no more than words in front of a command's own.
import { pin } from './pin.js';
import { firstLine, isInstalled, once, output, tryTrue } from './try.js';
import type { Way } from './way.js';

interface About extends Pick<Way, 'name' | 'kind' | 'does' | 'differs' | 'ownMounts'> {
  /** The words in front of the command's. */
  readonly front: () => readonly string[];
}

/** A way on this kernel, which is tried before it is used. */
export function makeWay({ front, ...about }: About): Way {
  const way: Way = {
    ...about,
    place: 'here',
    available: once(() => tryTrue(way)),
    wrap: (words, { pinned }) => pin([...front(), ...words], pinned),
  };
  return way;
}

/** A peer is a program that has the name of its way, and may not be there. */
export function makePeer({
  from,
  ...about
}: Omit<About, 'kind'> & { readonly from?: string }): Way {
  const { name } = about;
  const way = makeWay({ ...about, kind: 'peer' });
  const missing = `${name} is not installed${from === undefined ? '' : ` (${from})`}`;
  return {
    ...way,
    available: once(() => (isInstalled(name) ? way.available() : missing)),
    version: once(() => firstLine(output([name, '--version']))),
  };
}
