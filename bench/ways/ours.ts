// This project's mechanisms.
import { spoof } from '../paths.js';
import { pin } from './pin.js';
import { once, tryTrue } from './try.js';
import { doesAll, type Job, type Way } from './way.js';

export const mechanisms = ['notify', 'trace', 'ptrace'] as const;

export function ours(mechanism: (typeof mechanisms)[number], { policy }: Job): Way {
  const way: Way = {
    name: mechanism,
    place: 'here',
    kind: 'ours',
    does: doesAll,
    available: once(() => tryTrue(way)),
    wrap: (words, { pinned }) =>
      pin([spoof, 'exec', '--policy', policy, '-m', mechanism, '--', ...words], pinned),
  };
  return way;
}
