// The table `growth`: what a stopped call costs while something grows: rules that do not match,
// processes, mounts, the length of a path.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '../compile.js';
import { Coprocess } from '../coprocess.js';
import type { LeftOut, Row } from '../model.js';
import { spoof } from '../paths.js';
import { cannotPin, pin } from '../ways/pin.js';
import { spread } from '../statistics.js';
import { makeRow, wanted, type Measured, type Options, type Table } from '../table.js';
import { groups, type Group, type Variant } from './groups.js';

const table = 'growth';
const ways = ['native', 'notify', 'trace'] as const;
type Way = (typeof ways)[number];

/** Calls that are made before any is timed. */
const WARM_UP_CALLS = 200;

interface Series {
  readonly variant: Variant;
  readonly way: Way;
  readonly program: Coprocess;
  /** In one round. */
  calls: number;
  readonly nanoseconds: number[];
  readonly unfairness: number[];
}

function wordsFor(variant: Variant, way: Way, pinned: boolean): readonly string[] {
  const { mounts, policy, call, path, processes = 1 } = variant;
  const within =
    mounts === undefined ? [] : [compile('with-mounts'), String(mounts.count), mounts.directory];
  const under =
    way === 'native' ? [] : [spoof, 'exec', '-m', way, '--inline', 'off', '--policy', policy, '--'];
  return pin([...within, ...under, compile('grow'), call, path, String(processes)], pinned);
}

async function measureOnce(series: Series): Promise<[nanoseconds: number, unfairness: number]> {
  const answer = await series.program.ask(String(series.calls));
  const [nanoseconds = NaN, unfairness = NaN] = answer.split(' ').map(Number);
  return [nanoseconds, unfairness];
}

function rowOf(series: Series, all: readonly Series[], pinned: boolean): Row {
  const { variant, way, nanoseconds, unfairness } = series;
  const native = all.find((each) => each.way === 'native' && each.variant === variant);
  const about = {
    ...({ table, row: variant.row, way, place: 'here', driver: 'c', pinned, unit: 'ns' } as const),
    ...((variant.processes ?? 1) > 1 && { unfairness: spread(unfairness) }),
  };
  return makeRow(about, nanoseconds, native === series ? undefined : native?.nanoseconds);
}

/** A crowd on few CPUs needs longer: who has just been stopped waits for all others. */
function lengthOf({ pinned }: Group, { quick }: Options): [rounds: number, nanoseconds: number] {
  if (pinned) return quick ? [5, 10e6] : [20, 50e6];
  return quick ? [3, 50e6] : [10, 400e6];
}

/** Every series of a group runs all the time, and is asked in turn. */
async function measureGroup(group: Group, chosen: Chosen, options: Options): Promise<Row[]> {
  const all: Series[] = [];
  const [rounds, nanosecondsARound] = lengthOf(group, options);
  try {
    for (const [variant, way] of chosen) {
      const program = new Coprocess(wordsFor(variant, way, group.pinned));
      const series: Series = {
        ...{ variant, way, program },
        ...{ calls: WARM_UP_CALLS, nanoseconds: [], unfairness: [] },
      };
      all.push(series);
      // The first one brings everything into memory.
      await measureOnce(series);
      const [nanoseconds] = await measureOnce(series);
      series.calls = Math.max(WARM_UP_CALLS, Math.round(nanosecondsARound / nanoseconds));
    }
    for (let round = 0; round < rounds; round++)
      for (const series of all) {
        const [nanoseconds, unfairness] = await measureOnce(series);
        series.nanoseconds.push(nanoseconds);
        series.unfairness.push(unfairness);
      }
    return all.map((series) => rowOf(series, all, group.pinned));
  } finally {
    for (const { program } of all) await program.end();
  }
}

type Chosen = readonly (readonly [Variant, Way])[];

function choose(group: Group, options: Options): Chosen {
  return group.variants.flatMap((variant) => {
    const chosen = ways.filter((way) =>
      wanted(options, { table, place: 'here', way, row: variant.row }),
    );
    // Ratios need the native one.
    return ways
      .filter((way) => chosen.length > 0 && (way === 'native' || chosen.includes(way)))
      .map((way) => [variant, way] as const);
  });
}

/** Why a group cannot be measured here. */
function obstacle(group: Group, place: string): string | undefined {
  const notPinned = group.pinned ? cannotPin() : undefined;
  if (notPinned !== undefined) return notPinned;
  if (group.variants.every(({ mounts }) => mounts === undefined)) return undefined;
  const tried = spawnSync(compile('with-mounts'), ['0', place, 'true'], {
    encoding: 'utf8',
  });
  return tried.status === 0 ? undefined : tried.stderr.trim();
}

async function measure(options: Options): Promise<Measured> {
  const rows: Row[] = [];
  const leftOut: LeftOut[] = [];
  const place = mkdtempSync(join(tmpdir(), 'spoof-'));
  chmodSync(place, 0o755); // private directories are a matter of their own
  try {
    for (const group of groups(place)) {
      const chosen = choose(group, options);
      if (chosen.length === 0) continue;
      const why = obstacle(group, place);
      if (why !== undefined) {
        leftOut.push({ what: `${table}/here/*/${group.name}`, why });
        continue;
      }
      options.progress(`${table}: ${group.name}`);
      rows.push(...(await measureGroup(group, chosen, options)));
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  return { rows, leftOut };
}

export const growth: Table = {
  name: table,
  about: 'a stopped call while rules, processes, mounts, or the path grow',
  measure,
};
