// The table `calls`: nanoseconds a system call, as the program that makes it sees them.
import type { WayInfo } from '../model.js';
import type { Measured, Options, Table } from '../table.js';
import { waysHere } from '../ways/ways.js';
import type { Way } from '../ways/way.js';
import { makeCrowd } from './crowd.js';
import { cDriver } from './driver.js';
import { Measurement } from './measure.js';
import { shapesOf, type Group } from './plan.js';
import { printRows } from './print.js';
import { makeRow } from './rows.js';
import { makeScratch, type Scratch } from './scratch.js';
import { crowds, shapes, tableShapes } from './shapes.js';

const effort = (quick: boolean): { rounds: number; ms: number; threadRounds: number } =>
  quick ? { rounds: 3, ms: 10, threadRounds: 2 } : { rounds: 15, ms: 40, threadRounds: 5 };

/** Long enough for each of many threads on one CPU to run several times. */
const threadsMs = (quick: boolean): number => (quick ? 50 : 200);

function groupsHere(options: Options, ways: readonly Way[]): Group[] {
  const { rounds, ms, threadRounds } = effort(options.quick);
  const single: Group = { name: 'C', driver: cDriver, shapes, ways, threads: 1, rounds, ms };
  const threaded = [2, 8, 64].map((threads): Group => ({
    name: `C, ${threads} threads`,
    driver: cDriver,
    shapes: shapes.filter((shape) => shape.threaded),
    ways: ways.filter((way) => way.kind !== 'peer' && way.name !== 'allow'),
    threads,
    rounds: threadRounds,
    ms: threadsMs(options.quick),
  }));
  return [single, ...threaded];
}

async function measureCrowd(
  mounts: number,
  measurement: Measurement,
  options: Options,
  scratch: Scratch,
  ways: readonly Way[],
): Promise<void> {
  const { rounds, ms } = effort(options.quick);
  const group: Group = {
    name: `C, ${mounts} mounts`,
    driver: cDriver,
    shapes: tableShapes(mounts),
    ways,
    threads: 1,
    rounds: Math.ceil(rounds / 2),
    ms,
  };
  if (ways.every((way) => shapesOf(options, group, way).length === 0)) return;
  const crowd = await makeCrowd(scratch.crowd, mounts);
  if (typeof crowd === 'string') {
    measurement.leave(`calls, mountinfo of ${mounts} mounts`, crowd);
    return;
  }
  try {
    await measurement.measure({ ...group, enter: crowd.wrap });
  } finally {
    crowd.remove();
  }
}

async function measure(options: Options): Promise<Measured> {
  const scratch = makeScratch();
  if (scratch === undefined)
    return { rows: [], leftOut: [{ what: 'calls', why: 'no tmpfs can be written to' }] };
  const ways = waysHere(scratch.job);
  const measurement = new Measurement(options, scratch);
  try {
    for (const group of groupsHere(options, ways)) await measurement.measure(group);
    for (const mounts of crowds) await measureCrowd(mounts, measurement, options, scratch, ways);
  } finally {
    for (const way of ways) way.cleanup?.();
    scratch.remove();
  }
  const { series, leftOut } = measurement;
  const rows = series.map((one) => makeRow(one, series));
  printRows(rows);
  return { rows, leftOut, ways: describe(series.map(({ way }) => way)) };
}

function describe(ways: readonly Way[]): Record<string, WayInfo> {
  return Object.fromEntries(
    ways.map((way) => {
      const { name, differs } = way;
      const known = way.version?.();
      return [name, { ...(known && { version: known }), ...(differs && { differs }) }];
    }),
  );
}

export const calls: Table = {
  name: 'calls',
  about: 'nanoseconds a system call, under each mechanism, floor and peer',
  measure,
};
