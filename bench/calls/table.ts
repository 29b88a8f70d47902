// The table `calls`: nanoseconds a system call, as the program that makes it sees them.
import type { Measured, Options, Table } from '../table.js';
import { waysHere, waysInGvisor } from '../ways/ways.js';
import { describe, type Way } from '../ways/way.js';
import { makeCrowd } from './crowd.js';
import { cDriver, goDriver, type Driver } from './driver.js';
import { Measurement } from './measure.js';
import { shapesOf, type Group } from './plan.js';
import { printRows } from './print.js';
import { makeRow } from './rows.js';
import { makeScratch, type Scratch } from './scratch.js';
import { crowds, shapes, tableShapes } from './shapes.js';

/**
 * `threadsMs`: long enough for each of many threads on one CPU to run several times; `gvisorMs`: for
 * calls that take a millisecond.
 */
const effort = ({ quick }: Options) =>
  quick
    ? { rounds: 3, ms: 10, fewRounds: 2, threadsMs: 50, gvisorMs: 20 }
    : { rounds: 15, ms: 40, fewRounds: 5, threadsMs: 200, gvisorMs: 100 };

function groups(options: Options, ways: readonly Way[], gvisor: readonly Way[]): Group[] {
  const { rounds, ms, fewRounds, threadsMs, gvisorMs } = effort(options);
  const single = { shapes, threads: 1, ms };
  const threaded = (driver: Driver, threads: number): Group => ({
    name: `${driver.name}, ${threads} threads`,
    driver,
    shapes: shapes.filter((shape) => shape.threaded),
    ways: ways.filter(({ kind, name }) => kind !== 'peer' && name !== 'allow' && name !== 'inline'),
    threads,
    rounds: fewRounds,
    ms: threadsMs,
  });
  const many = [2, 8, 64];
  return [
    { ...single, name: 'c', driver: cDriver, ways, rounds },
    ...many.map((threads) => threaded(cDriver, threads)),
    { ...single, name: 'go', driver: goDriver, ways, rounds: fewRounds },
    ...many.map((threads) => threaded(goDriver, threads)),
    {
      ...{ ...single, name: 'c, in gVisor', driver: cDriver },
      ...{ ways: gvisor, rounds: fewRounds, ms: gvisorMs },
    },
  ];
}

async function measureCrowd(
  mounts: number,
  measurement: Measurement,
  options: Options,
  scratch: Scratch,
  ways: readonly Way[],
): Promise<void> {
  const { rounds, ms } = effort(options);
  const own = ways.filter((way) => way.ownMounts);
  const group: Group = {
    name: `c, ${mounts} mounts`,
    driver: cDriver,
    shapes: tableShapes(mounts),
    ways: ways.filter((way) => !own.includes(way)),
    threads: 1,
    rounds: Math.ceil(rounds / 2),
    ms,
  };
  if (ways.every((way) => shapesOf(options, group, way).length === 0)) return;
  for (const way of own.filter((way) => shapesOf(options, group, way).length > 0))
    measurement.leave(
      `calls, ${way.name}, mountinfo of ${mounts} mounts`,
      'it has mounts of its own',
    );
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
  const gvisor = waysInGvisor(scratch.job, scratch.directory);
  const measurement = new Measurement(options, scratch);
  try {
    for (const group of groups(options, ways, gvisor)) await measurement.measure(group);
    for (const mounts of crowds) await measureCrowd(mounts, measurement, options, scratch, ways);
  } finally {
    for (const way of [...ways, ...gvisor]) way.cleanup?.();
    scratch.remove();
  }
  const { series, leftOut } = measurement;
  const rows = series.map((one) => makeRow(one, series));
  printRows(rows);
  return { rows, leftOut, ways: describe(series.map(({ way }) => way)) };
}

export const calls: Table = {
  name: 'calls',
  about: 'nanoseconds a system call, under each mechanism, floor and peer',
  measure,
};
