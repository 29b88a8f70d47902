// A part of the bench: measures one table of the report.
import type { LeftOut, Row, TableName, WayInfo } from './model.js';
import { pairedRatios, spread } from './statistics.js';

export interface Options {
  /** A tenth of the time: for a first look, and for CI. */
  readonly quick: boolean;
  /** Rows to measure: matched against `TABLE/PLACE/WAY/ROW`. */
  readonly only: RegExp;
  /** One line for whoever watches. */
  readonly progress: (line: string) => void;
}

export interface Measured {
  readonly rows: readonly Row[];
  readonly leftOut: readonly LeftOut[];
  /** Those that took part, by name. */
  readonly ways?: Readonly<Record<string, WayInfo>>;
  /** What is not as it must be, whatever it costs: the bench reports it, and ends with 1. */
  readonly failures?: readonly string[];
}

export interface Table {
  readonly name: TableName;
  /** One line for --help. */
  readonly about: string;
  /** Cleans up after itself, also when it throws. */
  measure(options: Options): Promise<Measured>;
}

/** Is a row of that table, place and way asked for? */
export const wanted = (
  options: Options,
  row: Pick<Row, 'table' | 'place' | 'way' | 'row'>,
): boolean => options.only.test(`${row.table}/${row.place}/${row.way}/${row.row}`);

type About = Pick<Row, 'table' | 'row' | 'way' | 'place' | 'driver' | 'unit'> &
  Partial<Pick<Row, 'pinned' | 'unfairness'>>;

/** A row of one thread from its rounds; `base`: the same rounds of what it is compared with. */
export const makeRow = (
  about: About,
  rounds: readonly number[],
  base?: readonly number[],
): Row => ({
  ...{ threads: 1, pinned: false, ...about, value: spread(rounds) },
  ...(base && { toNative: spread(pairedRatios(rounds, base)) }),
});
