// A way is what a command runs under while it is measured: nothing, a filter, a floor, this
// project's mechanisms, or a peer of this project.
import type { WayInfo } from '../model.js';

/** What the command shall be told. */
export interface Job {
  /** For this project's mechanisms: a policy file. */
  readonly policy: string;
  /** A file with content of its own. Peers get the nearest equal of that. */
  readonly virtual?: VirtualFile;
}

export interface VirtualFile {
  readonly path: string;
  readonly content: string;
  /**
   * A real file of the same name that has that content, for peers that can only bind one file or
   * directory over another; it and the path lie in directories of their own.
   */
  readonly file: string;
}

/** Which of the answers are changed under a way; what is not is as the kernel says. */
export interface Does {
  readonly statfs: boolean;
  readonly mounts: boolean;
  readonly virtual: boolean;
}

export const doesNothing: Does = { statfs: false, mounts: false, virtual: false };
export const doesAll: Does = { statfs: true, mounts: true, virtual: true };

export interface WrapOptions {
  /** Bound to one CPU, with all that serves it. */
  readonly pinned: boolean;
}

export interface Way {
  readonly name: string;
  readonly place: 'here' | 'gvisor';
  /** Peers may fail or be missing; the others must work. */
  readonly kind: 'base' | 'ours' | 'peer';
  readonly does: Does;
  /** For a reader of the report: why its figures are not of the very same job. */
  readonly differs?: string;
  /** What statfs asks about, if it is not a directory on a tmpfs of this machine. */
  readonly asks?: { readonly path: string; readonly type: number };
  /** Its mount table is not that of this machine. */
  readonly ownMounts?: true;
  /** Why it cannot be used here, or undefined if it can: found by trying. */
  available(): string | undefined;
  version?(): string | undefined;
  /** The words that run this command under it. */
  wrap(words: readonly string[], options: WrapOptions): readonly string[];
  /** Takes away what `wrap` has left. */
  cleanup?(): void;
}

/** What a reader must know of these, by name. */
export function describe(ways: readonly Way[]): Record<string, WayInfo> {
  return Object.fromEntries(
    ways.map((way) => {
      const { name, differs } = way;
      const known = way.version?.();
      return [name, { ...(known && { version: known }), ...(differs && { differs }) }];
    }),
  );
}
