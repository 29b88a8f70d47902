// The rows, for whoever sits at the terminal: a line a call, a column a way.
import type { Row } from '../model.js';

const brief = (value: number): string => String(Number(value.toPrecision(3)));

/** Native times, and how many times as long the others take. */
const cell = ({ value, toNative }: Row): string =>
  toNative === undefined ? `${brief(value.median)} ns` : `${brief(toNative.median)} x`;

export function printRows(rows: readonly Row[]): void {
  const tables = new Map<string, Record<string, Record<string, string>>>();
  for (const row of rows) {
    const { driver, threads, pinned, place } = row;
    const title = `${driver}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${pinned ? 'pinned' : 'unpinned'}, ${place}`;
    const table = tables.get(title) ?? {};
    tables.set(title, table);
    (table[row.row] ??= {})[row.way] = cell(row);
    // How far from the floor is what the mechanisms are judged by.
    if (row.toFloor !== undefined && row.way === 'notify')
      (table[row.row] ??= {})['notify/floor'] = brief(row.toFloor.median);
  }
  for (const [title, table] of tables) {
    console.log(title);
    console.table(table);
  }
}
