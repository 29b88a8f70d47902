// Files that rules make, on Linux 6.1 with a root on 9p: the same as real ones, on each mechanism.
import t from 'tap';
import { Guest } from '../lanes/guest/guest.js';
import { type Way, compare, policy, script } from './virtual.js';

const guest = new Guest();
const skip = guest.available() ?? false;
const place = '/tmp/place';
const ways: readonly Way[] = [
  { mechanism: 'notify', shares: true },
  { mechanism: 'trace', shares: false },
  { mechanism: 'ptrace', shares: false },
];

await t.test('Linux 6.1', { skip }, async (t) => {
  const file = `${place}/policy.yaml`;
  const prepare = `mkdir ${place}\ncat >${file} <<'END'\n${policy(place)}END`;
  const { status, stdout, stderr } = await guest.run(`${prepare}\n${script(place, ways, file)}`, {
    version: '9p2000.u',
    timeoutMs: 900_000,
  });
  t.equal(status, 0, 'status', { stderr });
  compare(t, stdout, ways);
});
