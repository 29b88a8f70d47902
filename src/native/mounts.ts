/** Mount tables as the supervisor rewrites them, and which rule of a policy holds for a line. */
import { check, cString, native } from './library.js';

/** The tables that are rewritten: enum spoof_table. */
export const MountTable = { mounts: 0, mountinfo: 1, mountstats: 2, filesystems: 3 } as const;

export type MountTable = (typeof MountTable)[keyof typeof MountTable];

function textOrNull(text: string | null, what: string): string | null {
  return text === null ? null : cString(text, what);
}

/**
 * Number of the rule that holds for a line of a mount table with this type and mount point (null:
 * unknown), read by `program` (last part of its path; null: none that is excepted). Undefined: none.
 * Throws NativeError for a blob that checkBlob() refuses.
 */
export function matchMounts(
  blob: Uint8Array,
  fstype: string | null,
  point: string | null,
  program: string | null = null,
): number | undefined {
  const type = textOrNull(fstype, 'the filesystem type');
  const place = textOrNull(point, 'the mount point');
  const reader = textOrNull(program, 'the program name');
  const rule = native().matchMounts(blob, blob.length, type, place, reader);
  return rule === -1 ? undefined : check(rule, 'cannot use the policy');
}

/**
 * What `program` (last part of its path; null: none that is excepted) reads instead of `text`, the
 * bytes of a table. Throws NativeError for a blob that checkBlob() refuses.
 */
export function rewriteTable(
  blob: Uint8Array,
  table: MountTable,
  text: Uint8Array,
  program: string | null = null,
): Buffer {
  const reader = textOrNull(program, 'the program name');
  const rewrite = (out: Uint8Array | null, capacity: number): number =>
    check(
      native().rewriteTable(blob, blob.length, table, reader, text, text.length, out, capacity),
      'cannot rewrite a mount table',
    );
  const result = Buffer.alloc(rewrite(null, 0));
  if (result.length > 0) rewrite(result, result.length);
  return result;
}
