// The table `startup`: `exec` of a program that does nothing, to `node -e 0`, whole and in parts. Here
// that is what `toNative` stands for: below it nothing that is written in JavaScript can come.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../compile.js';
import type { LeftOut, Row } from '../model.js';
import { root } from '../paths.js';
import { makeRow, wanted, type Measured, type Options, type Table } from '../table.js';
import { mechanisms } from '../ways/ours.js';
import { blob, environment, stages, type Stages } from './stages.js';

const table = 'startup';

type Times = Readonly<Record<string, readonly number[]>>;

const lines = (text: string): number[][] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map((word) => Number(word) / 1e6));

function run(words: readonly string[], descriptor: number | 'ignore'): number[][] {
  const [command = '', ...rest] = words;
  const ended = spawnSync(command, rest, {
    encoding: 'utf8',
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', descriptor],
  });
  if (ended.error !== undefined) throw ended.error;
  if (ended.status !== 0) throw new Error(`${command} failed: ${ended.stderr}`);
  return lines(ended.stdout);
}

/** Milliseconds of all commands, round by round. */
function timeStages({ commands }: Stages, rounds: number): Times {
  const words = Object.values(commands).flatMap((command) => [...command, ';']);
  const policy = openSync(blob, 'r');
  try {
    const times = run([compile('spawn-times'), String(rounds), ...words], policy);
    return Object.fromEntries(
      Object.keys(commands).map((name, at) => [name, times.map((round) => round[at] ?? NaN)]),
    );
  } finally {
    closeSync(policy);
  }
}

/** The probe of the mechanism that `auto` takes here, and how long it takes. */
function timeProbe(rounds: number): readonly number[] {
  const built = join(root, 'csrc', 'build', 'static');
  const objects = readdirSync(built, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.o') && !/^(front\/|main\.o$)/.test(name))
    .map((name) => join(built, name));
  const program = compile('probe-times', objects);
  return run([program, 'notify', String(rounds), blob], 'ignore').flat();
}

const minus = (list: readonly number[], ...others: readonly (readonly number[])[]): number[] =>
  list.map((value, round) => others.reduce((rest, other) => rest - (other[round] ?? NaN), value));

const partNames = [
  'part: shim',
  'part: Node',
  'part: JavaScript, shipped policy',
  'part: JavaScript, own policy',
  'part: probe',
  'part: starter',
];

/** What each step adds, from commands that end after it. Without a probe, the starter includes it. */
function parts(times: Times, probe: readonly number[] | undefined): Times {
  const of = (name: string): readonly number[] => times[name] ?? [];
  const nothing = of('nothing');
  const shim = minus(of('shim'), nothing);
  const node = minus(of('empty module'), nothing);
  const starter = minus(of('starter'), nothing);
  return {
    'part: shim': shim,
    'part: Node': node,
    'part: JavaScript, shipped policy': minus(of('until start, shipped'), nothing, shim, node),
    'part: JavaScript, own policy': minus(of('until start, own'), nothing, shim, node),
    ...(probe === undefined
      ? { 'part: starter': starter }
      : { 'part: probe': probe, 'part: starter': minus(starter, probe) }),
  };
}

function measure(options: Options): Measured {
  const names: readonly (readonly [row: string, way: string, command: string])[] = [
    ['nothing', 'native', 'nothing'],
    ['node -e 0', 'native', 'node -e 0'],
    ['exec, shipped policy', 'auto', 'shipped'],
    ...mechanisms.map((name) => ['exec, shipped policy', name, name] as const),
    ['exec, own policy', 'auto', 'own'],
    ['exec, the same again', 'auto', 'again'],
    ['bundle', 'auto', 'bundle'],
  ];
  const rounds = options.quick ? 10 : 100;
  const here = { table, place: 'here' } as const;
  const asked = (row: string, way: string): boolean => wanted(options, { ...here, row, way });
  // Everything is one run: parts are differences of its rounds.
  const nobodyAsks =
    !names.some(([row, way]) => asked(row, way)) && !partNames.some((row) => asked(row, 'auto'));
  if (nobodyAsks) return { rows: [], leftOut: [] };
  options.progress(`${table}: ${rounds} rounds`);
  const leftOut: LeftOut[] = [];
  const made = stages(compile('nothing'));
  try {
    const times = timeStages(made, rounds);
    let probe: readonly number[] | undefined;
    try {
      probe = timeProbe(rounds);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const what = `${table}/here/auto/part: probe`;
      leftOut.push({ what, why: `${why}; part: starter includes it` });
    }
    const base = times['node -e 0'] ?? [];
    const row = (name: string, way: string, list: readonly number[]): Row =>
      makeRow({ ...here, row: name, way, driver: 'program', unit: 'ms' }, list, base);
    const rows = [
      ...names.map(([name, way, command]) => row(name, way, times[command] ?? [])),
      ...Object.entries(parts(times, probe)).map(([name, list]) => row(name, 'auto', list)),
    ];
    return { rows: rows.filter((each) => asked(each.row, each.way)), leftOut };
  } finally {
    made.remove();
  }
}

export const startup: Table = {
  name: table,
  about: 'exec of a program that does nothing, to node -e 0, whole and in parts',
  measure: (options) => Promise.resolve(measure(options)),
};
