// Where a real k3s is run on demand: what each place needs, for its pods and for its hour.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';
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

/**
 * fsync(2) on 9p2000.u does not come back from qemu (docs/guest-lane.md), and kubelet calls it; containerd
 * refuses directories that do not tell the types of files.
 */
export const guestMachine = { version: '9p2000.L', memory: 6144, passthrough: true } as const;

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
