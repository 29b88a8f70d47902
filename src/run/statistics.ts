/** What the supervisor counted: read from the statistics segment, shown as text or JSON. */
import { fallbacks, inlineOutcomes, readCounters, ruleHits } from '../native/statistics.js';
import type { Counters, Fallback, InlineOutcome, RuleHits } from '../native/statistics.js';

/** Counters of one wrapped command and of everything that it started. */
export interface Statistics extends Counters {
  /** Every rule of the policy (the first 1024), most important first, and how often it answered. */
  readonly rules: readonly RuleHits[];
  /** Why calls were let run that could not be answered exactly; only reasons that happened. */
  readonly fallbackReasons: readonly Fallback[];
  /** What became of programs that were to answer calls by themselves; only what happened. */
  readonly inline: readonly InlineOutcome[];
}

/** Reads the segment `fd` of a command that runs under the policy `blob`, as it is now. */
export function readStatistics(fd: number, blob: Uint8Array): Statistics {
  return {
    ...readCounters(fd),
    rules: ruleHits(fd, blob),
    fallbackReasons: fallbacks(fd).filter(({ count }) => count > 0),
    inline: inlineOutcomes(fd).filter(({ count }) => count > 0),
  };
}

export const HEADING = 'seccomp-spoof statistics';

/** What the counters are called, but for the last one, which is told only where it counted. */
export const LABELS: readonly (readonly [keyof Counters, string])[] = [
  ['stopped', 'calls stopped'],
  ['answered', 'answered by a rule'],
  ['letRun', 'let run, no rule'],
  ['fallbacks', 'let run, no exact answer'],
  ['gone', 'gone or restarted'],
  ['givenUp', 'given up'],
  ['workerStarts', 'worker starts'],
  ['eventsLost', 'log events lost'],
];

export const OWN_FILTERS = 'filters of programs';
export const ruleLabel = (rule: string): string => `rule ${rule}`;
export const fallbackLabel = (reason: string): string => `fallback: ${reason}`;

export const inlineLabel = (outcome: string): string => `inline: ${outcome}`;

/** The statistics as lines of text, each ended by a newline. */
export function formatStatistics(statistics: Statistics): string {
  const rows: [string, number][] = LABELS.map(([key, label]) => [label, statistics[key]]);
  for (const { rule, hits } of statistics.rules) rows.push([ruleLabel(rule), hits]);
  for (const { reason, count } of statistics.fallbackReasons) {
    rows.push([fallbackLabel(reason), count]);
  }
  for (const { outcome, count } of statistics.inline) rows.push([inlineLabel(outcome), count]);
  if (statistics.ownFilters > 0) rows.push([OWN_FILTERS, statistics.ownFilters]);
  const width = Math.max(...rows.map(([label]) => label.length));
  const digits = Math.max(...rows.map(([, count]) => String(count).length));
  const lines = rows.map(
    ([label, count]) => `  ${label.padEnd(width)}  ${String(count).padStart(digits)}`,
  );
  return [HEADING, ...lines, ''].join('\n');
}
