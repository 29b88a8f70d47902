// What became slower or faster since another result: ratios only, because times of different
// machines and moments cannot be compared. On the same machine figures without a ratio count, too.
import type { Machine, Result, Row, Spread } from '../model.js';
import { short } from './numbers.js';
import { keyOf } from './rows.js';

/** Less is never told: the figures are not that good, whatever their spread says. */
const LEAST_CHANGE = 1.05;

const ratioNames = ['toNative', 'toFloor', 'toAllow'] as const;
type Figure = (typeof ratioNames)[number] | 'value';

export interface Change {
  readonly key: string;
  readonly figure: Figure;
  readonly before: Spread;
  readonly now: Spread;
  /** Above 1: slower, or more of it. */
  readonly factor: number;
}

export interface Comparison {
  /** Beyond the spread of both, the largest first. */
  readonly slower: readonly Change[];
  readonly faster: readonly Change[];
  /** Rows that stayed as they were. */
  readonly same: number;
  /** Rows of one result only, or without a figure that can be compared. */
  readonly left: number;
  readonly warnings: readonly string[];
}

export const isSameMachine = (a: Machine, b: Machine): boolean =>
  a.cpu === b.cpu && a.cpus === b.cpus && a.kernel === b.kernel;

function figureFor(before: Row, now: Row, sameMachine: boolean): Figure | undefined {
  const both = ratioNames.find((name) => before[name] !== undefined && now[name] !== undefined);
  if (both !== undefined) return both;
  // Memory and numbers of things are no times.
  const isTime = now.unit === 'ns' || now.unit === 'ms';
  return !isTime || sameMachine ? 'value' : undefined;
}

const isBeyond = ({ before, now, factor }: Change): boolean =>
  factor > 1
    ? now.p10 > before.p90 && factor >= LEAST_CHANGE
    : now.p90 < before.p10 && factor <= 1 / LEAST_CHANGE;

export function compare(before: Result, now: Result): Comparison {
  const old = new Map(before.rows.map((row) => [keyOf(row), row]));
  const sameMachine = isSameMachine(before.machine, now.machine);
  const changes: Change[] = [];
  let matched = 0;
  for (const row of now.rows) {
    const key = keyOf(row);
    const other = old.get(key);
    if (other === undefined) continue;
    const figure = figureFor(other, row, sameMachine);
    const [then, today] = figure === undefined ? [] : [other[figure], row[figure]];
    if (figure === undefined || then === undefined || today === undefined) continue;
    matched += 1;
    // Nothing before and nothing now: no change.
    const factor = then.median === today.median ? 1 : today.median / then.median;
    changes.push({ key, figure, before: then, now: today, factor });
  }
  const slower = changes
    .filter((change) => change.factor > 1 && isBeyond(change))
    .sort((a, b) => b.factor - a.factor);
  const faster = changes
    .filter((change) => change.factor < 1 && isBeyond(change))
    .sort((a, b) => a.factor - b.factor);
  const same = matched - slower.length - faster.length;
  const left = before.rows.length + now.rows.length - 2 * matched;
  const warnings = [
    ...(sameMachine ? [] : ['not the same machine: only ratios are compared']),
    ...(before.quick === now.quick ? [] : ['only one of them is quick: programs are not the same']),
  ];
  return { slower, faster, same, left, warnings };
}

const about = ({ date, version, machine, quick }: Result): string =>
  `${version} of ${date.slice(0, 10)}${quick ? ', quick' : ''} (${machine.cpu}, ${machine.kernel})`;

function lines(title: string, changes: readonly Change[]): string[] {
  if (changes.length === 0) return [`${title}: nothing`];
  const cells = [
    ['change', 'before', 'p10-p90', 'now', 'p10-p90', 'of', 'row'],
    ...changes.map(({ key, figure, before, now, factor }) => [
      `x ${short(factor)}`,
      ...[before, now].flatMap(({ median, p10, p90 }) => [
        short(median),
        `${short(p10)}-${short(p90)}`,
      ]),
      figure,
      key,
    ]),
  ];
  const widths = cells[0]?.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const text = cells.map((row) =>
    `  ${row.map((cell, at) => cell.padEnd(widths?.[at] ?? 0)).join('  ')}`.trimEnd(),
  );
  return [`${title}:`, ...text];
}

/** For a terminal. */
export function describeComparison(before: Result, now: Result, found: Comparison): string {
  return [
    `before: ${about(before)}`,
    `now:    ${about(now)}`,
    ...found.warnings.map((warning) => `note:   ${warning}`),
    '',
    ...lines('slower, beyond the spread of both', found.slower),
    '',
    ...lines('faster, beyond the spread of both', found.faster),
    '',
    `${found.same} rows are as before; ${found.left} cannot be compared`,
    '',
  ].join('\n');
}
