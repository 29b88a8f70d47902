// A real k3s, and pods that run: here with its data on FUSE, in gVisor with its root on 9p, and in Linux 6.1 with
// its data on 9p. Not a part of `npm test`: K3S=/path npm run test:k3s (docs/lanes.md).
import { spawnSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { Gvisor } from '../../lanes/gvisor/gvisor.js';
import { newest } from '../../lanes/gvisor/runsc.js';
import { SILENCE_MS } from '../../support/silence.js';
import { reportOf } from '../../support/soaks.js';
import { ends, type Place, podsDo, podsScript, soakScript } from './k3s.js';
import {
  gvisorSandbox,
  inGuest,
  inGvisor,
  onFuse,
  ownNetwork,
  type Ran,
  skipped,
} from './places.js';

/** Longer than it takes k3s to end by itself, wherever that is. */
const native = { native: true, time: '5m', settle: '0' } as const;

/** Natively, and below `exec`: in the same place, one after the other. */
async function both(
  t: Test,
  place: Place,
  run: (script: string) => Ran | Promise<Ran>,
): Promise<void> {
  await t.test('natively it ends', async (t) => {
    ends(t, reportOf(await run(soakScript(place, native))));
  });
  await t.test('below exec its pods run', async (t) => {
    podsDo(t, await run(podsScript(place)));
  });
}

await t.test('here, its data on FUSE', { skip: skipped('here') }, async (t) => {
  const here = onFuse(t, ownNetwork);
  if (here === undefined) return;
  const [apart, scratch] = here.apart;
  await both(t, here.place, (script) =>
    spawnSync(apart, [scratch, 'sh', '-c', script], { encoding: 'utf8', maxBuffer: 1 << 28 }),
  );
});

await t.test('gVisor', { skip: skipped('gVisor') }, async (t) => {
  const gvisor = new Gvisor(newest);
  const why = await gvisor.unavailable();
  if (why !== false) {
    t.fail(why);
    return;
  }
  for (const cgroups of [1, 2] as const) {
    await t.test(`cgroups of version ${cgroups}`, async (t) => {
      const sandbox = { ...gvisorSandbox, silenceMs: SILENCE_MS, cgroups };
      await both(t, inGvisor, (script) => gvisor.run(script, sandbox));
    });
  }
});

await t.test('Linux 6.1, its data on 9p', { skip: skipped('6.1') }, async (t) => {
  const guest = inGuest(t, SILENCE_MS);
  if (guest !== undefined) await both(t, guest.place, guest.run);
});
