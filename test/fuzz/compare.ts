// Runs programs all ways and finds those that can tell. A difference is tried again alone, and counts
// if it is there again; then the program is made as short as it can be (delta debugging).
import { generate, LINES, mounting, type Program } from './generate.js';
import { common, expected } from './oracle.js';
import {
  type Arena,
  mechanisms,
  type Outcome,
  policiesOf,
  titleOf,
  users,
  type Way,
} from './ways.js';

export interface Difference {
  readonly way: Way;
  readonly program: Program;
  readonly native: string;
  readonly wrapped: string;
}

export interface Counts {
  programs: number;
  /** Lines that were run below `exec` and compared. */
  calls: number;
  /** Programs that two native runs answer differently: they prove nothing. */
  unsteady: number;
  /** Differences that were not there when their program was run alone. */
  vanished: number;
}

const sides = (program: Program, way: Way, native: Outcome, wrapped: Outcome) => {
  const of = (outcome: Outcome) =>
    `${outcome.transcripts.get(program.name) ?? 'nothing was said\n'}on the disk:\n${outcome.disk.get(program.name) ?? ''}`;
  return {
    native: common(program, way, expected(way, of(native))),
    wrapped: common(program, way, of(wrapped)),
  };
};

async function differs(arena: Arena, program: Program, way: Way): Promise<Difference | undefined> {
  const [native, again] = [
    await arena.run([program], way.user),
    await arena.run([program], way.user),
  ];
  const wrapped = await arena.run([program], way.user, way);
  const both = sides(program, way, native, wrapped);
  const steady = sides(program, way, native, again);
  if (steady.native !== common(program, way, expected(way, steady.wrapped))) return undefined;
  return both.native === both.wrapped ? undefined : { way, program, ...both };
}

/** The fewest lines that still differ. */
export async function shrink(arena: Arena, found: Difference): Promise<Difference> {
  let best = found;
  // What it mounts stays in a namespace of its own.
  const kept = mounting.every((line, i) => found.program.lines[i] === line) ? mounting.length : 0;
  for (let size = Math.ceil(found.program.lines.length / 2); size >= 1;) {
    let shorter = false;
    for (let from = kept; from < best.program.lines.length;) {
      const { name, lines } = best.program;
      const rest = [...lines.slice(0, from), ...lines.slice(from + size)];
      const smaller = await differs(arena, { name, lines: rest }, best.way);
      if (smaller && rest.length > 0) [best, shorter] = [smaller, true];
      else from += size;
    }
    if (size === 1 && !shorter) break;
    size = Math.max(1, Math.floor(size / 2));
  }
  return best;
}

export const describe = ({ way, program, native, wrapped }: Difference): string =>
  [
    `${titleOf(way)}, program ${program.name}:`,
    ...program.lines.map((line) => `    ${line}`),
    ...unlike(native.split('\n'), wrapped.split('\n')),
  ].join('\n');

function unlike(native: readonly string[], wrapped: readonly string[]): readonly string[] {
  return Array.from({ length: Math.max(native.length, wrapped.length) }, (_, i) => i)
    .filter((i) => native[i] !== wrapped[i])
    .slice(0, 12)
    .flatMap((i) => [`  native:  ${native[i] ?? ''}`, `  wrapped: ${wrapped[i] ?? ''}`]);
}

/** Programs below one `exec`: so many that its start takes no part of the time that counts. */
export const BATCH = 1500;

export interface Options {
  readonly seed: number;
  readonly calls: number;
  readonly ways?: (way: Way) => boolean;
  readonly batch?: number;
  /** Calls of a program, at most; from 4. Long ones are made faster, but are more often far from where they began. */
  readonly lines?: number;
  /** After so many differences it is enough. */
  readonly most?: number;
  readonly say?: (line: string) => void;
  /** Hears of each way that was compared: whoever waits may want to know that it goes on. */
  readonly done?: (way: Way) => void;
}

export interface Result {
  readonly counts: Counts;
  readonly differences: readonly Difference[];
}

/** These programs, all ways. */
export async function compareAll(
  arena: Arena,
  programs: readonly Program[],
  options: Pick<Options, 'ways' | 'most' | 'say' | 'done'>,
): Promise<Result> {
  const { most = 5, say = () => undefined } = options;
  const counts: Counts = { programs: programs.length, calls: 0, unsteady: 0, vanished: 0 };
  const differences: Difference[] = [];
  const ways = users.flatMap((user) =>
    mechanisms.flatMap((mechanism) =>
      policiesOf(mechanism).map((policy) => ({ user, mechanism, policy })),
    ),
  );

  const judge = async (program: Program, way: Way, native: Outcome, wrapped: Outcome) => {
    const both = sides(program, way, native, wrapped);
    if (both.native === both.wrapped || differences.length >= most) return;
    // What the programs before it have left may have a part in it.
    const alone = await differs(arena, program, way);
    const one = alone ? await shrink(arena, alone) : { way, program, ...both };
    if (alone) differences.push(one);
    else counts.vanished++;
    say(`${alone ? '' : 'not when it ran alone: '}${describe(one)}`);
  };

  /** By user: what two native runs say, and the programs of which both say the same. */
  const natives = new Map<Way['user'], Promise<[Outcome, readonly Program[]]>>();
  const native = async (user: Way['user']): Promise<[Outcome, readonly Program[]]> => {
    const [one, two] = [await arena.run(programs, user), await arena.run(programs, user)];
    const steady = programs.filter(
      ({ name }) =>
        one.transcripts.has(name) &&
        one.transcripts.get(name) === two.transcripts.get(name) &&
        one.disk.get(name) === two.disk.get(name),
    );
    counts.unsteady += programs.length - steady.length;
    return [one, steady];
  };
  /** Those that take longest first, so that two processors are busy to the end. */
  const wanted = [...mechanisms]
    .reverse()
    .flatMap((mechanism) => ways.filter((way) => way.mechanism === mechanism))
    .filter((way) => options.ways?.(way) ?? true);
  const work = async (): Promise<void> => {
    for (let way = wanted.shift(); way; way = wanted.shift()) {
      const asked = natives.get(way.user) ?? native(way.user);
      natives.set(way.user, asked);
      const wrapped = await arena.run(programs, way.user, way);
      const [said, steady] = await asked;
      for (const program of steady) {
        counts.calls += program.lines.length;
        await judge(program, way, said, wrapped);
      }
      options.done?.(way);
    }
  };
  await Promise.all([work(), work()]);
  return { counts, differences };
}

/** Random programs, until so many calls were compared. */
export async function compare(arena: Arena, options: Options): Promise<Result> {
  const { seed, calls, batch = BATCH, lines = LINES, most = 5, say = () => undefined } = options;
  const counts: Counts = { programs: 0, calls: 0, unsteady: 0, vanished: 0 };
  const differences: Difference[] = [];
  for (let round = 0; counts.calls < calls && differences.length < most; round++) {
    const programs = generate((seed + round) >>> 0, batch, arena.place, lines);
    const left = most - differences.length;
    const result = await compareAll(arena, programs, {
      ...options,
      most: left,
      say: (line) => {
        say(`seed ${(seed + round) >>> 0}: ${line}`);
      },
    });
    if (result.counts.calls === 0 && result.differences.length === 0)
      throw new Error('no two native runs answered one program in the same way');
    for (const name of ['programs', 'calls', 'unsteady', 'vanished'] as const)
      counts[name] += result.counts[name];
    differences.push(...result.differences);
    say(`${counts.calls} calls, ${differences.length} differences`);
  }
  return { counts, differences };
}
