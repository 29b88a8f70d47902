// Programs on the 9p of both gVisors, which the default policy shows as ext4.
import t from 'tap';
import { Gvisor, share } from '../lanes/gvisor/gvisor.js';
import { type Runsc, debian, newest } from '../lanes/gvisor/runsc.js';
import { by, check, script, short } from './programs.js';

const lanes: readonly (readonly [string, Runsc])[] = [
  ['gVisor of 2022', debian],
  ['the newest gVisor', newest],
];

for (const [name, runsc] of lanes) {
  const gvisor = new Gvisor(runsc);
  const skip = await gvisor.unavailable();
  await t.test(name, { skip }, async (t) => {
    const ways = [by('trace'), short(by('ptrace'))];
    const place = { directory: share, scratch: '/tmp/scratch', patience: 120 };
    const began = performance.now();
    const { stdout, stderr } = await gvisor.run(script(place, ways), { cgroups: 1 });
    t.comment(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    t.equal(stderr, '', 'nobody complains');
    check(t, '9p', ways, stdout);
  });
}
