// What the others are compared with: nothing at all, a filter that allows all, and the floor.
import { compile } from '../compile.js';
import { makeWay } from './make.js';
import { pin } from './pin.js';
import { doesAll, doesNothing, type Job, type Way } from './way.js';

export const native: Way = {
  name: 'native',
  place: 'here',
  kind: 'base',
  does: doesNothing,
  available: () => undefined,
  wrap: (words, { pinned }) => pin(words, pinned),
};

export const allow = makeWay({
  name: 'allow',
  kind: 'base',
  does: doesNothing,
  differs: 'a seccomp filter of one instruction, which allows every call',
  front: () => [compile('allow')],
});

export function floor({ virtual }: Job): Way {
  const rule = virtual === undefined ? [] : ['--virtual', virtual.path, virtual.content];
  return makeWay({
    name: 'floor',
    kind: 'base',
    does: doesAll,
    differs: 'user notification with the unavoidable calls only; not a correct supervisor',
    front: () => [compile('floor'), ...rule],
  });
}
