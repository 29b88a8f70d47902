// A real k3s, watched for an hour in gVisor with its root on 9p, here with its data on FUSE, and in Linux 6.1 with
// its data on 9p; and natively until it ends. Not a part of `npm test`: `K3S=/path npm run hour:k3s` (docs/soak.md).
// Rule: a report is left whatever it says; what is not met fails here as well.
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { writeReport } from '../../../bench/soak/report.js';
import { Gvisor } from '../../lanes/gvisor/gvisor.js';
import { newest } from '../../lanes/gvisor/runsc.js';
import { testBuild } from '../../support/paths.js';
import { SILENCE_MS } from '../../support/silence.js';
import { reportOf } from '../../support/soaks.js';
import { ends, type Place, soakScript } from './k3s.js';
import {
  gvisorSandbox,
  inGuest,
  inGvisor,
  onFuse,
  ownNetwork,
  type Ran,
  skipped,
} from './places.js';

const time = process.env['SOAK'] ?? '60m';
/** Until it ends by itself, which an emulated machine needs its time for. */
const native = { native: true, time: '20m', settle: '0' } as const;
/** For an hour of silence something else must have happened: a soak says a line at each look. */
const silenceMs = 2 * SILENCE_MS;

/** Nothing is forwarded, either. */
const network = [...ownNetwork, '--disable-kube-proxy'];

/** Natively and below `exec`; the reports are left in the directory REPORTS. */
async function both(
  t: Test,
  name: string,
  settle: string,
  run: (script: (place: Place) => string) => Promise<Ran>,
): Promise<void> {
  const left = (how: string): string => {
    const directory = path.join(
      process.env['REPORTS'] ?? path.join(testBuild, 'soaks'),
      name + how,
    );
    mkdirSync(directory, { recursive: true });
    return directory;
  };
  const alone = reportOf(await run((place) => soakScript(place, native)));
  writeReport(alone, left('-native'));
  ends(t, alone);
  const ran = await run((place) => soakScript(place, { time, settle }));
  const soak = reportOf(ran);
  writeReport(soak, left(''));
  const said = ran.stderr.slice(-4000);
  for (const { name, verdict, why } of soak.criteria) t.equal(verdict, 'met', name, { why, said });
}

await t.test('gVisor', { skip: skipped('gVisor') }, async (t) => {
  const gvisor = new Gvisor(newest);
  const why = await gvisor.unavailable();
  if (why !== false) {
    t.fail(why);
    return;
  }
  const sandbox = { ...gvisorSandbox, silenceMs, cgroups: 2 } as const;
  await both(t, 'k3s-gvisor', '5m', (script) => gvisor.run(script(inGvisor), sandbox));
});

await t.test('here, its data on FUSE', { skip: skipped('here') }, async (t) => {
  const here = onFuse(t, network);
  if (here === undefined) return;
  const [apart, scratch] = here.apart;
  const run = (script: string): Promise<Ran> =>
    new Promise((resolve) => {
      const words = [scratch, 'sh', '-c', script];
      execFile(apart, words, { maxBuffer: 1 << 28 }, (_, stdout, stderr) => {
        resolve({ stdout, stderr });
      });
    });
  await both(t, 'k3s-fuse', '5m', (script) => run(script(here.place)));
});

await t.test('Linux 6.1', { skip: skipped('6.1') }, async (t) => {
  const guest = inGuest(t, silenceMs);
  if (guest === undefined) return;
  await both(t, 'k3s-linux-6.1', '10m', (script) => guest.run(script(guest.place)));
});
