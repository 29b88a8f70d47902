// What the bench measures, and how a result file holds it. Units are in the names; ratios are of
// two figures of one round, because times differ between machines and moments.

/** Of several rounds: the middle, and where all but the lowest and highest tenth lie. */
export interface Spread {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  readonly rounds: number;
}

export type TableName = 'calls' | 'programs' | 'growth' | 'startup' | 'supervisor' | 'profile';

/**
 * One figure: what was done (`row`), under what (`way`), and how. Two rows are comparable if they
 * differ in `way` only.
 */
export interface Row {
  readonly table: TableName;
  /** A call, a program, or what grows: `statfs`, `tar of /usr/share`, `open, 10000 rules`. */
  readonly row: string;
  /** native, allow, floor, notify, trace, ptrace, or a peer: strace, proot, syd, ... */
  readonly way: string;
  /** Where the way ran: on this kernel, or in a gVisor sandbox on it. */
  readonly place: 'here' | 'gvisor';
  readonly driver: 'c' | 'go' | 'program';
  readonly threads: number;
  /** Way and driver bound to one CPU. */
  readonly pinned: boolean;
  readonly unit: 'ns' | 'ms' | 'kB' | 'count';
  readonly value: Spread;
  /**
   * Calls that were timed one by one, in the same unit: the middle one, and what the slowest tenth
   * and hundredth take at least. A `value` is the mean of many calls.
   */
  readonly p50?: Spread;
  readonly p90?: Spread;
  readonly p99?: Spread;
  /** Of all threads together. */
  readonly perSecond?: Spread;
  /** The slowest thread's mean to the fastest thread's: 1 is fair. */
  readonly unfairness?: Spread;
  /** Of the same rounds, value to the value of that other way. */
  readonly toNative?: Spread;
  readonly toAllow?: Spread;
  readonly toFloor?: Spread;
}

export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly distribution: string;
  readonly node: string;
  /** Versions of the peers that were measured, by the name of their way. */
  readonly peers: Readonly<Record<string, string>>;
}

/** What was not measured, and why: a peer that is not installed, a call that it does not have. */
export interface LeftOut {
  readonly what: string;
  readonly why: string;
}

/** What a reader must know of a way to compare it with the others. */
export interface WayInfo {
  readonly version?: string;
  /** Why its figures are not of the very same job. */
  readonly differs?: string;
}

export interface Result {
  readonly format: 1;
  /** UTC, ISO 8601. */
  readonly date: string;
  /** `git describe --always --dirty`, or the version of an installed package. */
  readonly version: string;
  readonly machine: Machine;
  readonly quick: boolean;
  /** Those that were measured, by name; in gVisor the same ones are meant. */
  readonly ways: Readonly<Record<string, WayInfo>>;
  readonly rows: readonly Row[];
  readonly leftOut: readonly LeftOut[];
}
