// The kernels of Debian 11 (5.10: no ADDFD_SEND, no WAIT_KILLABLE_RECV) and 13 (6.12), on a root that is 9p:
// the checks of the seed, and a part of the conformance suite. With EFFORT=100 all of it by each mechanism, with as
// many calls as on the host, which takes more than a quarter of an hour for each kernel.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Guest } from '../lanes/guest/guest.js';
import { supervisor, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';
import { buildPrograms, checkAll, onNine } from './checks.js';
import { EFFORT, MECHANISMS, PART, nine, reportSuite, suite } from './suite.js';

mkdirSync(testBuild, { recursive: true });
const build = mkdtempSync(join(testBuild, 'guest-'));
t.teardown(() => {
  rmSync(build, { recursive: true });
});

const PROBES = 20;

for (const [debian, kernel, ways] of [
  ['bullseye', /^5\.10\./, ['notify', 'trace']],
  ['trixie', /^6\.12\./, ['notify']],
] as const) {
  const mechanisms = EFFORT === undefined ? ways : MECHANISMS;
  const guest = new Guest('x86_64', debian);
  const skip = guest.available() ?? false;
  await t.test(`Debian's ${debian}`, { skip }, async (t) => {
    t.match(guest.release, kernel);
    await checkAll(t, guest, onNine(buildPrograms(build), guest.release), {
      version: '9p2000.u',
    });
    // Without WAIT_KILLABLE_RECV a signal may end a call of the probe's between any two steps.
    const probes = `for i in $(seq ${PROBES}); do ${quote(supervisor)} probe --json; done`;
    const { stdout } = await guest.run(probes);
    const works = stdout.match(/"name": "notify", "ok": true/g)?.length;
    t.equal(works, PROBES, 'the probe of notify, again and again');
    const words = EFFORT === undefined ? PART : `--effort ${EFFORT}`;
    const script = suite(build, debian, { ...nine, directory: '/run/9p' }, words, mechanisms);
    reportSuite(t, await guest.run(script), mechanisms);
  });
}
