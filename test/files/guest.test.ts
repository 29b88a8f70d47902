// Files that rules make, on Linux 6.1 with a root on 9p: the same as real ones, on each mechanism.
import t, { type Test } from 'tap';
import { Guest } from '../lanes/guest/guest.js';
import * as agreement from './agreement.js';
import { type Mechanism, compare, policy, script } from './virtual.js';

const guest = new Guest();
const skip = guest.available() ?? false;
const place = '/tmp/place';
const ways: readonly Mechanism[] = ['notify', 'trace', 'ptrace'];

const file = `${place}/policy.yaml`;

async function run(t: Test, text: string, asked: string): Promise<string> {
  const prepare = `mkdir ${place}\ncat >${file} <<'END'\n${text}END`;
  const options = { version: '9p2000.u' } as const;
  const { status, stdout, stderr } = await guest.run(`${prepare}\n${asked}`, options);
  t.equal(status, 0, 'status', { stderr });
  return stdout;
}

await t.test('opens', { skip }, async (t) => {
  compare(t, await run(t, policy(place), script(place, ways, file)), ways);
});

await t.test('agreement', { skip }, async (t) => {
  // By all of them it takes minutes: EFFORT=100, as in test/guest.
  const some = process.env['EFFORT'] === undefined ? ways.slice(0, 1) : ways;
  const asked = agreement.script(place, some, 'static', file);
  agreement.compare(t, await run(t, agreement.policy(place), asked), some);
});
