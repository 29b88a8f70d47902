// Each call that the supervisor makes fails in turn, with each error that it can have, or is delayed.
import { spawnSync } from 'node:child_process';
import { wrongOf } from './allowed.js';
import { type Arena, type Fault, type Run, supervisor, titleOf, type Way } from './arena.js';
import { errorNumber, type ErrorName, possible } from './calls.js';

export const delayed = 'delay';
const delayUs = 4000;

/** One fault of one way. */
export interface Point {
  readonly way: Way;
  readonly kind: string;
  readonly nth: number;
  readonly error: ErrorName | typeof delayed;
}

export const nameOf = ({ way, kind, nth, error }: Point): string =>
  `${titleOf(way)}: ${kind} ${nth} ${error}`;

const faultOf = ({ kind, nth, error }: Point): Fault =>
  error === delayed ? { kind, nth, delayUs } : { kind, nth, error: errorNumber(error) };

/** So many of them, the first and the last among them, the others evenly between. */
function some<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  const step = (all.length - 1) / Math.max(1, most - 1);
  return Array.from({ length: most }, (_, i) => all[Math.round(i * step)] as T);
}

export const errorsOf = (kind: string): readonly Point['error'][] => {
  const { errors } = possible[kind] ?? { errors: [] };
  return kind === 'malloc' || errors.length === 0 ? errors : [...errors, delayed];
};

/** What has no row in the table of calls.ts. */
export const unknownKinds = (run: Run): readonly string[] => [
  ...new Set(run.calls.map(({ kind }) => kind).filter((kind) => !(kind in possible))),
];

/** For each place in the program that makes a call: its first call with each error, and some of the later
 * ones with one error each, in turn. */
export function pointsOf(way: Way, run: Run, most: number): readonly Point[] {
  const sites = new Map<string, { kind: string; numbers: number[] }>();
  for (const { kind, number, site } of run.calls) {
    const key = `${kind} ${site}`;
    const found = sites.get(key) ?? { kind, numbers: [] };
    found.numbers.push(number);
    sites.set(key, found);
  }
  return [...sites.values()].flatMap(({ kind, numbers }) => {
    const errors = errorsOf(kind);
    return some(numbers, most).flatMap((nth, i) =>
      errors
        .filter((_, j) => i === 0 || (i - 1) % errors.length === j)
        .map((error) => ({ way, kind, nth, error })),
    );
  });
}

/** Of the points of each call the first, the second, ...: one error for each place, another one for the next. */
export function sliceOf(points: readonly Point[]): readonly Point[] {
  const calls = new Map<string, Point[]>();
  for (const point of points) {
    const key = `${point.kind} ${point.nth}`;
    calls.set(key, [...(calls.get(key) ?? []), point]);
  }
  return [...calls.values()].flatMap((all, i) => all.slice(i % all.length, (i % all.length) + 1));
}

/** Function and line of a call. */
export function placeOf(site: bigint): string {
  const words = ['-f', '-s', '-e', supervisor, `0x${(site - 1n).toString(16)}`];
  const { stdout } = spawnSync('addr2line', words, { encoding: 'utf8' });
  return stdout.trim().replace('\n', ' ');
}

export interface Base {
  readonly without: Run;
  readonly native: Run;
}

export async function outcome(arena: Arena, point: Point, base: Base, looks?: number) {
  const run = await arena.run(point.way, faultOf(point), looks);
  const traced = point.way.mechanism !== 'notify';
  return { run, wrong: wrongOf(run, base.without, base.native, point, traced) };
}
