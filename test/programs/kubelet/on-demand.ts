// Real kubelet, and the parts of a k3s, watched by `npm run soak`: here on FUSE, in Linux 6.1 on 9p, and in
// gVisor. Not a part of `npm test`: `npm run test:kubelet` (docs/lanes.md) builds a gigabyte first.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { Gvisor } from '../../lanes/gvisor/gvisor.js';
import { newest } from '../../lanes/gvisor/runsc.js';
import { Guest } from '../../lanes/guest/guest.js';
import { findProgram } from '../../lanes/programs.js';
import { quote } from '../../support/shell.js';
import { SILENCE_MS } from '../../support/silence.js';
import { reportOf } from '../../support/soaks.js';
import {
  type Release,
  type Soaking,
  ends,
  holdsOut,
  isExperiment,
  k3sScript,
  kubeletScript,
  unavailable,
} from './kubelet.js';

const releases: readonly Release[] = ['old', 'new'];
/** Sixty minutes are the experiment's own. */
const time = process.env['SOAK'] ?? '2m';
const missing = unavailable();
const asked = (where: string): boolean => new RegExp(process.env['WHERE'] ?? '').test(where);
const skipped = (where: string): string | false =>
  asked(where) ? false : `WHERE is ${process.env['WHERE'] ?? ''}`;

/** A soak says a line each time it looks; for an hour of silence something else must have happened. */
const silenceMs = 2 * SILENCE_MS;

/** Mounts and a network of its own, on a machine that is to stay as it is. */
const apart = ['--mount', '--net', '--propagation', 'private', '--'];

/** The values that kubelet sets: it gets files of its own for them, so that the machine's stay. */
const tunables = [
  'vm.overcommit_memory',
  'vm.panic_on_oom',
  'kernel.panic',
  'kernel.panic_on_oops',
];

await t.test('here, on FUSE', { skip: skipped('here') || missing }, async (t) => {
  if (findProgram('bindfs') === undefined) {
    t.fail('no bindfs (Debian package bindfs)');
    return;
  }
  const scratch = mkdtempSync(path.join(tmpdir(), 'kubelet-'));
  t.teardown(() => {
    rmSync(scratch, { recursive: true });
  });
  const [below, view] = [path.join(scratch, 'below'), path.join(scratch, 'view')];
  const state = path.join(scratch, 'state');
  const soaking: Soaking = {
    ...{ state, data: path.join(view, 'kubelet'), out: path.join(scratch, 'out') },
    ...{ time, settle: '30s' },
    // This machine keeps its cgroups.
    options: ['--cgroups-per-qos=false', '--enforce-node-allocatable='],
  };
  const run = (script: string): { stdout: string; stderr: string } => {
    const whole = [
      `mkdir -p ${quote(below)} ${quote(view)}`,
      `rm -rf ${quote(state)}`,
      ...tunables.flatMap((name) => {
        const own = quote(path.join(scratch, name));
        const file = `/proc/sys/${name.replaceAll('.', '/')}`;
        return [`cat ${file} >${own}`, `mount --bind ${own} ${file}`];
      }),
      // It has to be ended: in its own namespace its mounts, and so it, would stay for ever.
      `bindfs -f ${quote(below)} ${quote(view)} & bindfs=$!`,
      `until mountpoint -q ${quote(view)}; do sleep 0.1; done`,
      script,
      'kill $bindfs; wait $bindfs',
    ].join('\n');
    const words = [...apart, 'sh', '-c', whole];
    return spawnSync('unshare', words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  };
  for (const release of releases) {
    await t.test(release, (t) => {
      ends(t, reportOf(run(kubeletScript(release, { ...soaking, native: true }))));
      holdsOut(t, reportOf(run(kubeletScript(release, soaking))), 'k3s');
      t.end();
    });
  }
});

await t.test('Linux 6.1, on 9p', { skip: skipped('6.1') || missing }, async (t) => {
  const guest = new Guest();
  const why = guest.available();
  if (why !== undefined) {
    t.fail(why);
    return;
  }
  // fsync(2) on 9p2000.u does not come back from qemu (docs/guest-lane.md), and kubelet calls it.
  const machine = { version: '9p2000.L', memory: 4096, silenceMs } as const;
  const soaking = (name: string): Soaking => ({
    ...{ state: `/tmp/state-${name}`, data: `/run/9p/${name}`, out: `/tmp/out-${name}` },
    ...{ time, settle: '90s' },
  });
  for (const release of releases) {
    await t.test(release, async (t) => {
      const native = kubeletScript(release, { ...soaking('native'), native: true });
      ends(t, reportOf(await guest.run(native, machine)));
      holdsOut(
        t,
        reportOf(await guest.run(kubeletScript(release, soaking('exec')), machine)),
        'k3s',
      );
    });
  }
  await t.test('the parts of a k3s', async (t) => {
    isExperiment(t, reportOf(await guest.run(k3sScript(soaking('k3s')), machine)), 'k3s');
  });
});

await t.test('gVisor', { skip: skipped('gVisor') || missing }, async (t) => {
  const gvisor = new Gvisor(newest);
  const why = await gvisor.unavailable();
  if (why !== false) {
    t.fail(why);
    return;
  }
  const sandbox = {
    ...({ silenceMs, cgroups: 1, ownRoot: true } as const),
    capabilities: [
      ...['NET_ADMIN', 'NET_RAW', 'NET_BIND_SERVICE', 'SYS_RESOURCE', 'AUDIT_WRITE', 'SYS_NICE'],
    ],
  };
  const soaking: Soaking = {
    ...{ state: '/tmp/state', data: '', out: '/tmp/out' },
    ...{ time, settle: '30s' },
  };
  for (const release of releases) {
    await t.test(release, async (t) => {
      const native = kubeletScript(release, { ...soaking, native: true });
      ends(t, reportOf(await gvisor.run(native, sandbox)));
      const wrapped = kubeletScript(release, soaking);
      holdsOut(t, reportOf(await gvisor.run(wrapped, sandbox)), 'k3s-gvisor');
    });
  }
  await t.test('the parts of a k3s', async (t) => {
    isExperiment(t, reportOf(await gvisor.run(k3sScript(soaking), sandbox)), 'k3s-gvisor');
  });
});
