// The tables of the report: one line a row of the result, and one of ratios only.
import type { Row } from '../model.js';
import { escape, table } from './markdown.js';
import { ratio, ratioWithSpread, short, spreadWithUnit, withUnit } from './numbers.js';
import { byWay, distinct } from './rows.js';

interface Column {
  readonly head: string;
  readonly cell: (row: Row) => string | undefined;
}

const spreadOf = (name: 'toNative' | 'toAllow' | 'toFloor' | 'unfairness') => (row: Row) =>
  row[name] && ratioWithSpread(row[name]);

const columns: readonly Column[] = [
  { head: 'median (p10–p90)', cell: ({ value, unit }) => spreadWithUnit(value, unit) },
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

/** Rows named `CALL: WHAT`, all WHAT of a call and way in one line; `CALL: all` is their sum. */
export function countsTable(rows: readonly Row[]): string {
  const part = ({ row }: Row): readonly [string, string] => {
    const at = row.lastIndexOf(': ');
    return [row.slice(0, at), row.slice(at + 2)];
  };
  const lines = distinct(rows.map((row) => part(row)[0])).flatMap((call) => {
    const ofCall = rows.filter((row) => part(row)[0] === call);
    return distinct([...ofCall].sort(byWay).map(({ way }) => way)).map((way) => {
      const ofWay = ofCall.filter((row) => row.way === way);
      const count = (row: Row | undefined): string => (row ? short(row.value.median) : '–');
      const single = ofWay
        .filter((row) => part(row)[1] !== 'all')
        .sort((a, b) => b.value.median - a.value.median)
        .map((row) => `${count(row)} ${escape(part(row)[1])}`);
      const all = ofWay.find((row) => part(row)[1] === 'all');
      return [escape(call), way, count(all), single.join(', ')];
    });
  });
  return table(['call', 'way', 'all', 'of these'], lines, Infinity);
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
