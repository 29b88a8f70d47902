// The tables of the report: one line a row of the result, and one of ratios only.
import type { Row } from '../model.js';
import { escape, table } from './markdown.js';
import { ratio, spreadWithUnit, withSpread, withUnit } from './numbers.js';
import { byWay, distinct } from './rows.js';

interface Column {
  readonly head: string;
  readonly cell: (row: Row) => string | undefined;
}

const spreadOf = (name: 'toNative' | 'toAllow' | 'toFloor' | 'unfairness') => (row: Row) =>
  row[name] && withSpread(row[name], ratio);

const columns: readonly Column[] = [
  {
    head: 'median (p10–p90)',
    cell: ({ value, unit }) => spreadWithUnit(value, unit),
  },
  { head: 'to native', cell: spreadOf('toNative') },
  { head: 'to ALLOW', cell: spreadOf('toAllow') },
  { head: 'to floor', cell: spreadOf('toFloor') },
  { head: 'p99 of single calls', cell: ({ p99, unit }) => p99 && withUnit(p99.median, unit) },
  { head: 'slowest to fastest thread', cell: spreadOf('unfairness') },
];

/** Every figure; columns that no row has are left out. */
export function fullTable(rows: readonly Row[], what: string): string {
  const used = columns.filter(({ cell }) => rows.some((row) => cell(row) !== undefined));
  const lines = distinct(rows.map(({ row }) => row)).flatMap((name) =>
    rows
      .filter(({ row }) => row === name)
      .sort(byWay)
      .map((row) => [escape(name), row.way, ...used.map(({ cell }) => cell(row) ?? '–')]),
  );
  return table([what, 'way', ...used.map(({ head }) => head)], lines, 2);
}

/** Medians of ratios to native: a line for each row, a column for each way. */
export function ratioTable(
  rows: readonly Row[],
  what: string,
  names: readonly string[] = distinct(rows.map(({ row }) => row)),
): string {
  const known = rows.filter(({ row, toNative }) => toNative !== undefined && names.includes(row));
  const ways = distinct([...known].sort(byWay).map(({ way }) => way));
  const lines = names
    .filter((name) => known.some(({ row }) => row === name))
    .map((name) => [
      escape(name),
      ...ways.map((way) => {
        const found = known.find((row) => row.row === name && row.way === way);
        return found?.toNative === undefined ? '–' : ratio(found.toNative.median);
      }),
    ]);
  return table([what, ...ways], lines);
}
