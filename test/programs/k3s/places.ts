// Where a real k3s is run on demand: what each place needs, for its pods and for its hour.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';
import { diodUnavailable, mountOnDiod } from '../../lanes/guest/diod.js';
import { Guest } from '../../lanes/guest/guest.js';
import { findProgram } from '../../lanes/programs.js';
import { type Place, unavailable } from './k3s.js';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

const missing = unavailable();

/** Why a place is left out: WHERE names others, or there is no k3s. */
export const skipped = (where: string): string | false =>
  new RegExp(process.env['WHERE'] ?? '').test(where)
    ? missing
    : `WHERE is ${process.env['WHERE'] ?? ''}`;

export const inGvisor: Place = { data: '/var/lib/rancher/k3s', out: '/tmp/out' };

/** What pods need of the sandbox. */
export const gvisorSandbox = {
  ownRoot: true,
  capabilities: [
    ...['NET_ADMIN', 'NET_RAW', 'NET_BIND_SERVICE', 'SYS_RESOURCE', 'AUDIT_WRITE'],
    ...['SYS_NICE', 'FSETID', 'IPC_LOCK'],
  ],
} as const;

/** Where `doctor` advises no other: the test brings a CNI plugin, and no ipset. */
export const ownNetwork = ['--flannel-backend=none', '--disable-network-policy'];

/**
 * An emulated machine with Linux 6.1 whose k3s has all its data on 9p, but for the database, as `doctor` advises.
 * Undefined, and the test has failed: it cannot be had here.
 */
export function inGuest(
  t: Test,
  silenceMs: number,
): { readonly place: Place; readonly run: (script: string) => Promise<Ran> } | undefined {
  const guest = new Guest();
  const why = diodUnavailable() ?? guest.available();
  if (why !== undefined) {
    t.fail(why);
    return undefined;
  }
  const data = '/run/on-9p';
  const place: Place = {
    ...{ data: `${data}/k3s`, kubelet: `${data}/kubelet`, out: '/tmp/out' },
    options: [
      // The kernel's package has netfilter, but the lane does not load it. An emulated machine is slow enough.
      ...[...ownNetwork, '--disable-kube-proxy', '--disable-cloud-controller'],
      '--datastore-endpoint=sqlite:///run/database/state.db' +
        '?_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate',
    ],
  };
  const machine = { version: '9p2000.L', memory: 6144, silenceMs } as const;
  const before = ['mkdir -p /run/database', mountOnDiod(data)];
  return { place, run: (script) => guest.run([...before, script].join('\n'), machine) };
}

/**
 * A place here whose data is on FUSE, in a directory of its own until the test ends, and the words before
 * a command that run it there. Undefined, and the test has failed: there is no bindfs.
 */
export function onFuse(
  t: Test,
  options: readonly string[],
): { readonly place: Place; readonly apart: readonly [string, string] } | undefined {
  if (findProgram('bindfs') === undefined) {
    t.fail('no bindfs (Debian package bindfs)');
    return undefined;
  }
  const scratch = mkdtempSync(path.join(tmpdir(), 'k3s-'));
  t.teardown(() => {
    rmSync(scratch, { recursive: true });
  });
  const place: Place = {
    ...{ data: path.join(scratch, 'view/k3s'), out: path.join(scratch, 'out') },
    ...{ kubelet: path.join(scratch, 'view/kubelet'), options },
  };
  return { place, apart: [path.join(import.meta.dirname, 'apart.sh'), scratch] };
}
