/** The statistics segment: memory that the supervisor counts in, and that anybody who has it reads. */
import { check, ENOENT, native, TEXT_SIZE, textOf } from './library.js';
import type { Int64 } from './library.js';
import { ruleName } from './policy.js';

/** The counters of struct spoof_counters in their order; reserved ones follow, to sixteen. */
const COUNTERS = [
  'stopped',
  'answered',
  'letRun',
  'fallbacks',
  'gone',
  'givenUp',
  'workerStarts',
  'eventsLost',
  'ownFilters',
] as const;

const COUNTERS_SIZE = 8 * 16;

/**
 * A new statistics segment (a memfd, close-on-exec) for `supervisor start --segment`. Throws
 * NativeError (ENOSYS before Linux 3.17).
 */
export function newSegment(): number {
  return check(native().segmentNew(), 'cannot make a memory file for the statistics');
}

/** The counters of a statistics segment: struct spoof_counters of spoof.h. */
export type Counters = Record<(typeof COUNTERS)[number], number>;

/**
 * Reads the counters of a segment. Throws NativeError if `fd` is no segment of this version.
 * Counts beyond 2^53 lose their last digits.
 */
export function readCounters(fd: number): Counters {
  const bytes = Buffer.alloc(COUNTERS_SIZE);
  check(native().segmentCounters(fd, bytes), 'cannot read the statistics');
  const values = COUNTERS.map((name, index) => [name, Number(bytes.readBigUInt64LE(8 * index))]);
  return Object.fromEntries(values) as Counters;
}

/** How often each rule of the policy answered. */
export interface RuleHits {
  readonly rule: string;
  readonly hits: number;
}

/**
 * Hits of every rule of `blob` that is counted one by one (the first 1024), in the order in which
 * they were added. Throws NativeError if `fd` is no segment.
 */
export function ruleHits(fd: number, blob: Uint8Array): RuleHits[] {
  const all: RuleHits[] = [];
  for (let index = 0; ; index++) {
    const rule = ruleName(blob, index);
    if (rule === undefined) return all;
    const hits = Number(native().segmentRuleHits(fd, index));
    if (hits === -ENOENT) return all;
    all.push({ rule, hits: check(hits, 'cannot read the statistics') });
  }
}

/** How often calls were let run because they could not be answered exactly. */
export interface Fallback {
  readonly reason: string;
  readonly count: number;
}

/**
 * All reasons for which a call may be let run, with their counts. Throws NativeError if `fd` is no
 * segment.
 */
export function fallbacks(fd: number): Fallback[] {
  return countsOf((...words) => native().segmentFallback(fd, ...words)).map(([reason, count]) => ({
    reason,
    count,
  }));
}

/** What became of programs that were to answer calls by themselves, and how often. */
export interface InlineOutcome {
  readonly outcome: string;
  readonly count: number;
}

/** All that may become of them, with their counts. Throws NativeError if `fd` is no segment. */
export function inlineOutcomes(fd: number): InlineOutcome[] {
  return countsOf((...words) => native().segmentInline(fd, ...words)).map(([outcome, count]) => ({
    outcome,
    count,
  }));
}

/** Counts that have names, one after the other until there is none. */
function countsOf(
  read: (index: number, name: Uint8Array, capacity: number) => Int64,
): [name: string, count: number][] {
  const all: [string, number][] = [];
  for (let index = 0; ; index++) {
    const name = Buffer.alloc(TEXT_SIZE);
    const count = Number(read(index, name, name.length));
    if (count === -ENOENT) return all;
    all.push([textOf(name), check(count, 'cannot read the statistics')]);
  }
}
