// A check is a limit for some rows of a result, and how they meet it. The targets and the gate of CI
// are lists of checks.
import type { Result, Row, TableName } from '../model.js';
import { findLike } from './rows.js';

/** What a figure is divided by. */
export type Base =
  /** A ratio that the row has of itself, of the same rounds. */
  | { readonly is: 'toNative' | 'toAllow' | 'toFloor' }
  /** The same row under another way, or with one other property. */
  | { readonly is: 'way'; readonly way: string }
  /** The same row under a peer, if it stops that call at all: to let it run is another job. */
  | { readonly is: 'peer'; readonly way: string }
  | { readonly is: 'row'; readonly row: string }
  | { readonly is: 'threads'; readonly threads: number }
  /** The slowest hundredth of single calls, to the middle one. */
  | { readonly is: 'slowest' }
  /** Nothing: the value is limited. */
  | { readonly is: 'nothing' };

export interface Check {
  readonly wording: string;
  readonly table: TableName;
  /** Must match the whole name. */
  readonly rows: RegExp;
  readonly way: string;
  readonly base: Base;
  readonly limit: number;
  readonly places?: readonly Row['place'][];
  readonly driver?: Row['driver'];
  /** Either, if not said. */
  readonly pinned?: boolean;
  /** One, if not said. */
  readonly threads?: number;
}

export interface Verdict {
  readonly row: Row;
  readonly figure: number;
  readonly met: boolean;
}

export interface Judged {
  readonly check: Check;
  /** Worst first; empty: nothing of that was measured. */
  readonly verdicts: readonly Verdict[];
}

/** A call that takes less than so many native ones has not been stopped: that takes two switches. */
const LEAST_STOPPED = 1.5;

const isMeant = (check: Check, row: Row): boolean =>
  row.table === check.table &&
  row.way === check.way &&
  row.threads === (check.threads ?? 1) &&
  (check.places ?? ['here']).includes(row.place) &&
  (check.driver === undefined || row.driver === check.driver) &&
  (check.pinned === undefined || row.pinned === check.pinned) &&
  check.rows.exec(row.row)?.[0] === row.row;

/** Or nothing, if what it is divided by was not measured. */
export function figureOf(result: Pick<Result, 'rows'>, base: Base, row: Row): number | undefined {
  const to = (other: Row | undefined): number | undefined =>
    other === undefined ? undefined : row.value.median / other.value.median;
  switch (base.is) {
    case 'toNative':
    case 'toAllow':
    case 'toFloor':
      return row[base.is]?.median;
    case 'way':
      return to(findLike(result, row, { way: base.way }));
    case 'peer': {
      const peer = findLike(result, row, { way: base.way });
      return (peer?.toNative?.median ?? Infinity) < LEAST_STOPPED ? undefined : to(peer);
    }
    case 'row':
      return to(findLike(result, row, { row: base.row }));
    case 'threads': {
      // Of all threads together, where a row says it; a `value` may be what each of them sees.
      const one = findLike(result, row, { threads: base.threads });
      if (row.perSecond !== undefined && one?.perSecond !== undefined)
        return one.perSecond.median / row.perSecond.median;
      return to(one);
    }
    case 'slowest': {
      const middle = row.p50 ?? row.value;
      return row.p99 === undefined ? undefined : row.p99.median / middle.median;
    }
    case 'nothing':
      return row.value.median;
  }
}

export function judge(check: Check, result: Pick<Result, 'rows'>): Judged {
  const verdicts = result.rows
    .filter((row) => isMeant(check, row))
    .flatMap((row): Verdict[] => {
      const figure = figureOf(result, check.base, row);
      // Written so that what is not a number is not met.
      return figure === undefined ? [] : [{ row, figure, met: figure <= check.limit }];
    })
    .sort((a, b) => b.figure - a.figure);
  return { check, verdicts };
}

export const isMet = ({ verdicts }: Judged): boolean => verdicts.every(({ met }) => met);
