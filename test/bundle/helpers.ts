// What the tests of bundles share: where they are made, and what they are told to change.
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { cli, root } from '../cli/helpers.js';

/** Programs are made here, where a sandbox and a guest see them, too. */
const place = path.join(root, 'test/build/bundle');

export const MECHANISMS = ['notify', 'trace', 'ptrace'] as const;

/** A rule for the memory that every machine has. */
export const tmpfsAsExt4 = ['--fstype', 'tmpfs=ext4'];
export const showType = ['stat', '-f', '-c', '%T', '/dev/shm'];

/** Makes a bundle, and gives its path. */
export async function make(name: string, ...options: readonly string[]): Promise<string> {
  mkdirSync(place, { recursive: true });
  const file = path.join(place, name);
  const { status, stdout, stderr } = await cli(['bundle', ...options, '-o', file]);
  if (status !== 0 || stdout !== '' || stderr !== '')
    throw new Error(`bundle: ${status} ${stdout}${stderr}`);
  return file;
}

/** Where a bundle's mark has its numbers: src/run/bundle.ts. */
export function markIn(bytes: Buffer): { readonly at: number; readonly offset: number } {
  const at = bytes.indexOf('seccomp-spoof bundle at\0');
  return { at, offset: Number(bytes.readBigUInt64LE(at + 32)) };
}

/** What stands behind the program. */
export function heldBy(file: string): Buffer {
  const bytes = readFileSync(file);
  return bytes.subarray(markIn(bytes).offset);
}
