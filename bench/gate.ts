// The gate of CI: a few rows, measured quickly, and ratios within that one run only. Its limits are
// wide: noise must not trip them, and what is really broken goes far beyond.
import { cDriver } from './calls/driver.js';
import { Measurement } from './calls/measure.js';
import { makeRow } from './calls/rows.js';
import { makeScratch } from './calls/scratch.js';
import { shapes } from './calls/shapes.js';
import { growth } from './growth/table.js';
import type { LeftOut, Row } from './model.js';
import { judge, type Check, type Judged } from './report/checks.js';
import type { Measured, Options } from './table.js';
import { waysHere } from './ways/ways.js';

export interface Limit extends Check {
  /** What the project wants, if it has a target for that. */
  readonly target: number;
}

const pinned = { table: 'calls', driver: 'c', pinned: true } as const;
const unmatched = /open, unmatched, existing, absolute/;

/** The least that a filter costs. */
const neverStopped = (way: string): Limit => ({
  ...{ ...pinned, rows: /getppid/, way, base: { is: 'toAllow' } },
  ...{ wording: `${way}: never stopped, to a filter that allows all`, limit: 1.35, target: 1.05 },
});

const inFloors = (what: string, rows: RegExp, limit: number): Limit => ({
  ...{ ...pinned, rows, way: 'notify', base: { is: 'toFloor' } },
  ...{ wording: `notify: ${what}, in floors`, limit, target: 1.15 },
});

const toStrace = (what: string, rows: RegExp): Limit => ({
  ...{ ...pinned, rows, way: 'trace', base: { is: 'way', way: 'strace' } },
  ...{ wording: `trace: ${what}, to strace --seccomp-bpf`, limit: 1.5, target: 1 },
});

/** `limit` is what trips the gate, `target` what the report asks for. */
export const limits: readonly Limit[] = [
  neverStopped('notify'),
  neverStopped('trace'),
  inFloors('statfs', /statfs/, 2),
  inFloors('unmatched open', unmatched, 2),
  inFloors('virtual open', /open, virtual/, 10),
  toStrace('statfs', /statfs/),
  toStrace('unmatched open', unmatched),
  {
    ...{ table: 'growth', rows: /open, 10000 rules/, way: 'notify' },
    ...{ base: { is: 'row', row: 'open, 10 rules' }, limit: 1.5, target: 1.15 },
    wording: 'notify: unmatched open, 10,000 rules to 10',
  },
];

const measuredShapes = ['getppid', 'statfs', 'existing-absolute', 'virtual-open'];
const measuredWays = ['native', 'allow', 'floor', 'notify', 'trace', 'strace'];

async function measureCalls(options: Options): Promise<Measured> {
  const scratch = makeScratch();
  if (scratch === undefined)
    return { rows: [], leftOut: [{ what: 'calls', why: 'no tmpfs can be written to' }] };
  const ways = waysHere(scratch.job).filter(({ name }) => measuredWays.includes(name));
  const measurement = new Measurement(options, scratch);
  try {
    await measurement.measure({
      ...{ name: 'gate', driver: cDriver, ways, threads: 1, rounds: 9, ms: 20 },
      shapes: shapes.filter(({ name }) => measuredShapes.includes(name)),
    });
  } finally {
    for (const way of ways) way.cleanup?.();
    scratch.remove();
  }
  const { series, leftOut } = measurement;
  // The middle call, not the mean: what else runs on the processor comes between few of them.
  const middle = series.map((one) => ({
    ...one,
    rounds: one.rounds.map((figures) => ({ ...figures, ns: figures.p50 })),
  }));
  return { rows: middle.map((one) => makeRow(one, middle)), leftOut };
}

export async function measureGate(progress: (line: string) => void): Promise<Measured> {
  const all: Options = { quick: true, only: /(?:)/, progress };
  const calls = await measureCalls(all);
  const rules = await growth.measure({
    ...all,
    only: /^growth\/.*\/notify\/open, 10(?:000)? rules$/,
  });
  return { rows: [...calls.rows, ...rules.rows], leftOut: [...calls.leftOut, ...rules.leftOut] };
}

/** Beyond its limit, or what was asked for is not there at all. */
export const isTripped = ({ verdicts }: Judged): boolean =>
  verdicts.length === 0 || verdicts.some(({ met }) => !met);

export interface GateLine {
  readonly limit: Limit;
  /** The worst of its rows; undefined if there is none. */
  readonly figure: number | undefined;
  readonly passed: boolean;
}

export interface GateResult {
  readonly lines: readonly GateLine[];
  readonly leftOut: readonly LeftOut[];
}

/** What is beyond its limit has to be so twice. */
export async function runGate(
  measure: () => Promise<{ readonly rows: readonly Row[]; readonly leftOut: readonly LeftOut[] }>,
): Promise<GateResult> {
  const first = await measure();
  // What is not there now will not be there then.
  const beyond = limits.some((limit) => judge(limit, first).verdicts.some(({ met }) => !met));
  const second = beyond ? await measure() : first;
  const lines = limits.map((limit): GateLine => {
    const both = [judge(limit, first), judge(limit, second)];
    const better = both.find((one) => !isTripped(one)) ?? both[1];
    return {
      limit,
      figure: better?.verdicts[0]?.figure,
      passed: better !== undefined && !isTripped(better),
    };
  });
  return { lines, leftOut: [...first.leftOut, ...second.leftOut] };
}
