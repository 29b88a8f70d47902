// The table `profile`: the system calls that a supervisor makes for one stopped call. They say why a
// figure of the table `calls` is what it is, and are the same on every machine.
import { cDriver, driverWords } from '../calls/driver.js';
import { makeScratch, type Scratch } from '../calls/scratch.js';
import { anyTable, shapes, type Shape } from '../calls/shapes.js';
import { compile } from '../compile.js';
import { Coprocess } from '../coprocess.js';
import type { LeftOut, Row } from '../model.js';
import { supervisorsBelow } from '../supervisor/processes.js';
import { makeRow, wanted, type Measured, type Options, type Table } from '../table.js';
import { floor } from '../ways/bases.js';
import { mechanisms, ours } from '../ways/ours.js';
import { strace } from '../ways/peers.js';
import type { Way } from '../ways/way.js';
import { CannotWatch, countCalls } from './count.js';

const table = 'profile';
const place = 'here';
const CALLS = 1000;

const stopped = [...shapes.filter((shape) => shape.stopped), ...anyTable];

/** How many processes answer. */
const answering: Readonly<Record<string, number>> = { notify: 2, trace: 1, ptrace: 1 };

/** Of this run alone: others may be measured, or used, beside it. */
function answerersOf(way: Way, started: Coprocess): number[] {
  if (way.kind !== 'ours') return [started.pid]; // the floor is itself what answers
  const found = supervisorsBelow(started.pid);
  if (found.length === answering[way.name]) return found;
  throw new Error(`${found.length} processes answer for ${way.name}: ${found.join(', ')}`);
}

/** Calls of the supervisor by name, for one stopped call. */
async function callsOf(way: Way, shape: Shape, scratch: Scratch): Promise<Map<string, number>> {
  const program = cDriver.program();
  if ('missing' in program) throw new Error(program.missing);
  const asked = { shapes: [shape.name], threads: 1, ms: 1, step: CALLS };
  const words = driverWords(program.file, scratch, way, asked);
  const wrapped = way.wrap(words, { pinned: false });
  const driver = new Coprocess(way.kind === 'ours' ? [compile('orphans'), ...wrapped] : wrapped);
  const step = async (): Promise<void> => {
    const answer = await driver.ask('');
    if (answer !== 'done') throw new Error(`${way.name}, ${shape.row}: ${answer}`);
  };
  try {
    await step(); // what is done once only, or remembered
    const answerers = answerersOf(way, driver);
    // The first thread of guardian and worker serves nothing, it looks after the others.
    const lookouts = way.name === 'notify' ? answerers : [];
    const counted = await countCalls(answerers, step, lookouts);
    return new Map(
      [...counted].map(([name, count]) => [name, Math.round((count * 100) / CALLS) / 100]),
    );
  } finally {
    await driver.end();
  }
}

function rowsOf(way: Way, shape: Shape, counted: ReadonlyMap<string, number>): Row[] {
  // Fewer than one in a hundred calls have nothing to do with the stopped ones.
  const calls = [...counted].filter(([, count]) => count >= 0.01);
  const all = calls.reduce((sum, [, count]) => sum + count, 0);
  const about = { table, way: way.name, place, driver: 'c', unit: 'count' } as const;
  return [['all', all] as const, ...calls].map(([name, count]) =>
    makeRow({ ...about, row: `${shape.row}: ${name}` }, [count]),
  );
}

async function measure(options: Options): Promise<Measured> {
  const rows: Row[] = [];
  const leftOut: LeftOut[] = [];
  const scratch = makeScratch();
  if (scratch === undefined)
    return { rows, leftOut: [{ what: table, why: 'no directory here lies on a tmpfs' }] };
  try {
    const ways = [floor(scratch.job), ...mechanisms.map((name) => ours(name, scratch.job))];
    for (const way of ways) {
      const asked = stopped.filter(({ row }) =>
        wanted(options, { table, place, way: way.name, row }),
      );
      const why = asked.length === 0 ? undefined : (strace.available() ?? way.available());
      if (why !== undefined) leftOut.push({ what: `${table}/${place}/${way.name}`, why });
      if (asked.length === 0 || why !== undefined) continue;
      options.progress(`${table}: ${way.name}`);
      try {
        for (const shape of asked)
          rows.push(...rowsOf(way, shape, await callsOf(way, shape, scratch)));
      } catch (error) {
        if (!(error instanceof CannotWatch)) throw error;
        leftOut.push({ what: `${table}/${place}/${way.name}`, why: error.message });
      }
    }
  } finally {
    scratch.remove();
  }
  return { rows, leftOut };
}

export const profile: Table = {
  name: table,
  about: 'system calls that a supervisor makes for one stopped call',
  measure,
};
