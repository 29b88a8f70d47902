// What the others are compared with: nothing at all, a filter that allows all, and the floor.
import { compile } from '../compile.js';
import { pin } from './pin.js';
import { once, tryTrue } from './try.js';
import { doesAll, doesNothing, type Job, type Way } from './way.js';

export const native: Way = {
  name: 'native',
  place: 'here',
  kind: 'base',
  does: doesNothing,
  available: () => undefined,
  wrap: (words, { pinned }) => pin(words, pinned),
};

export const allow: Way = {
  name: 'allow',
  place: 'here',
  kind: 'base',
  does: doesNothing,
  differs: 'a seccomp filter of one instruction, which allows every call',
  available: once(() => tryTrue(allow)),
  wrap: (words, { pinned }) => pin([compile('allow'), ...words], pinned),
};

export function floor({ virtual }: Job): Way {
  const rule = virtual === undefined ? [] : ['--virtual', virtual.path, virtual.content];
  const way: Way = {
    name: 'floor',
    place: 'here',
    kind: 'base',
    does: doesAll,
    differs: 'user notification with the unavoidable calls only; not a correct supervisor',
    available: once(() => tryTrue(way)),
    wrap: (words, { pinned }) => pin([compile('floor'), ...rule, ...words], pinned),
  };
  return way;
}
