/**
 * A lane is a kernel with filesystems on it where the conformance suite runs. The scenarios are the
 * same on each; what a lane cannot do is found by the subjects themselves.
 */

/** One substitution that is tried, and a place where it shows. */
export interface Pair {
  /** Filesystem as `--fstype` names it, and its statfs magic. */
  readonly from: string;
  readonly fromMagic: number;
  readonly to: string;
  readonly toMagic: number;
  /** A directory of that filesystem on the lane. Subjects work in it if it can be written to. */
  readonly directory: string;
  /** Where it is read-only: a tree in it that `differential make SEED` made beforehand. */
  readonly tree?: { readonly directory: string; readonly seed: number };
}

export interface Lane {
  readonly name: string;
  /** Why it cannot run here, or undefined when it can. */
  available(): string | undefined;
  /** Makes the filesystems ready below `scratch` (an empty directory of its own). */
  prepare(scratch: string): readonly Pair[];
  /** Takes away what prepare() made. */
  release(): void;
}

/** What the tables of mounts call a filesystem: all of these have its magic number. */
export function namesInTables(filesystem: string): readonly string[] {
  return filesystem === 'tmpfs' ? ['tmpfs', 'devtmpfs', 'rootfs'] : [filesystem];
}

export const magics = {
  ext4: 0xef53,
  tmpfs: 0x01021994,
  proc: 0x9fa0,
  overlay: 0x794c7630,
  v9fs: 0x01021997,
} as const;
