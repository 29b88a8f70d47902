// Programs on the 9p of a Linux 6.1 guest, which the default policy shows as ext4.
import t from 'tap';
import { Guest } from '../lanes/guest/guest.js';
import { by, check, script, short } from './programs.js';

const guest = new Guest();
const skip = guest.available() ?? false;

await t.test('Linux 6.1', { skip }, async (t) => {
  const ways = [by('notify'), short(by('trace')), short(by('ptrace'))];
  const place = { directory: '/run/9p', scratch: '/tmp/scratch' };
  const began = performance.now();
  const { stdout, stderr } = await guest.run(script(place, ways));
  t.comment(`guest: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  t.equal(stderr, '', 'nobody complains');
  check(t, '9p', ways, stdout);
});
