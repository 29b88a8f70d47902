// The rows, for whoever sits at the terminal.
import type { Row, Spread } from '../model.js';

const brief = (spread: Spread | undefined): string =>
  spread === undefined ? '' : String(Number(spread.median.toPrecision(3)));

const between = ({ p10, p90 }: Spread): string =>
  `${Number(p10.toPrecision(3))}-${Number(p90.toPrecision(3))}`;

/** Rows that differ in their way only stand below each other. */
export function printRows(rows: readonly Row[]): void {
  const titles = new Map<string, Row[]>();
  for (const row of rows) {
    const { driver, threads, pinned, place } = row;
    const title = `${row.row} (${driver}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${pinned ? 'pinned' : 'unpinned'}, ${place})`;
    titles.set(title, [...(titles.get(title) ?? []), row]);
  }
  for (const [title, ones] of titles) {
    console.log(title);
    console.table(
      Object.fromEntries(
        ones.map((row) => [
          row.way,
          {
            ns: brief(row.value),
            'p10-p90': between(row.value),
            p99: brief(row.p99),
            native: brief(row.toNative),
            allow: brief(row.toAllow),
            floor: brief(row.toFloor),
            unfair: brief(row.unfairness),
          },
        ]),
      ),
    );
  }
}
