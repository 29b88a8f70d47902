// Finding rows of a result, and the order and words in which a reader sees them.
import type { Result, Row } from '../model.js';

/** Everything but the figures. */
export type Key = Pick<Row, 'table' | 'row' | 'way' | 'place' | 'driver' | 'threads' | 'pinned'>;

export const keyOf = ({ table, row, way, place, driver, threads, pinned }: Key): string =>
  [table, row, way, place, driver, threads, pinned ? 'pinned' : 'unpinned'].join('/');

/** The row that differs from this one in what is given only. */
export function findLike(
  result: Pick<Result, 'rows'>,
  row: Key,
  change: Partial<Key>,
): Row | undefined {
  const wanted = keyOf({ ...row, ...change });
  return result.rows.find((other) => keyOf(other) === wanted);
}

const wayOrder = [
  'native',
  'allow',
  'floor',
  'auto',
  'notify',
  'inline',
  'trace',
  'inline by trace',
  'ptrace',
];

const rank = (way: string): number => {
  const at = wayOrder.indexOf(way);
  return at < 0 ? wayOrder.length : at;
};

/** Bases first, then ours, then peers by name. */
export const byWay = (a: Pick<Row, 'way'>, b: Pick<Row, 'way'>): number =>
  rank(a.way) - rank(b.way) || (a.way < b.way ? -1 : Number(a.way > b.way));

/** Each once, in the order in which they are met. */
export const distinct = <T>(list: readonly T[]): T[] => [...new Set(list)];

/** The number in `open, 10000 rules`: what grows, if it is said in the row's name. */
export function amount(row: string): number | undefined {
  const digits = / (\d+) /.exec(`${row} `)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
