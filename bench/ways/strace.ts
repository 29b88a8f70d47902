import { pin } from './pin.js';
import { firstLine, isInstalled, once, output, tryTrue } from './try.js';
import { doesNothing, type Way } from './way.js';

/** Those that this project's policies stop; a question mark: if there is such a call. */
const calls = [
  'statfs',
  'fstatfs',
  '?open',
  'openat',
  '?openat2',
  '?stat',
  '?newfstatat',
  '?statx',
];

export const strace: Way = {
  name: 'strace',
  place: 'here',
  kind: 'peer',
  does: doesNothing,
  differs: 'prints the same calls (to /dev/null) and changes none of them',
  available: once(() => {
    if (!isInstalled('strace')) return 'strace is not installed';
    return tryTrue(strace);
  }),
  version: once(() => firstLine(output(['strace', '--version']))),
  wrap: (words, { pinned }) =>
    pin(
      ['strace', '-f', '--seccomp-bpf', '-e', `trace=${calls.join(',')}`, '-o', '/dev/null'].concat(
        words,
      ),
      pinned,
    ),
};
