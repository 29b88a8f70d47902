// `npm run faults`: each call of the supervisor fails in turn; docs/lanes.md.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Arena, forms, mechanisms, policies, titleOf, type Way } from './arena.js';
import {
  type Base,
  nameOf,
  outcome,
  placeOf,
  type Point,
  pointsOf,
  unknownKinds,
} from './faults.js';
import { root } from '../support/paths.js';
import { Counts, writeReport } from './report.js';

const help = `npm run faults -- [OPTION]...
  --most N       of each place in the program so many of its calls (2)
  --jobs N       so many runs at a time (2)
  --only REGEXP  ways: 'MECHANISM, POLICY[, stay]'
  --calls REGEXP faults: 'WAY: CALL NUMBER ERROR'
  --looks N      of half a second, in which nothing goes on: then it hangs (60)
  --report FILE  where the figures go if all was run (docs/reliability.md)`;

const { values } = parseArgs({
  options: {
    most: { type: 'string', default: '2' },
    jobs: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    calls: { type: 'string', default: '' },
    looks: { type: 'string', default: '60' },
    report: { type: 'string', default: path.join(root, 'docs/reliability.md') },
    help: { type: 'boolean', default: false },
  },
});

const only = new RegExp(values.only);
const calls = new RegExp(values.calls);

/** What a parent that stays does has nothing to do with rules. */
const ways: readonly Way[] = forms
  .flatMap((form) =>
    policies.flatMap((policy) => mechanisms.map((mechanism) => ({ mechanism, policy, form }))),
  )
  .filter((way) => way.form === 'beside' || way.policy === 'types')
  .filter((way) => only.test(titleOf(way)));

interface Task {
  readonly point: Point;
  readonly base: Base;
}

async function tasksOf(arena: Arena): Promise<readonly Task[]> {
  const native = await arena.run(undefined);
  const tasks: Task[] = [];
  for (const way of ways) {
    const without = await arena.run(way);
    const unknown = unknownKinds(without);
    if (without.exit !== 42 || unknown.length > 0)
      throw new Error(`${titleOf(way)}: ${without.exit} ${without.errors} ${unknown.join()}`);
    const base = { without, native };
    for (const point of pointsOf(way, without, Number(values.most)))
      if (calls.test(nameOf(point))) tasks.push({ point, base });
  }
  return tasks;
}

process.on('SIGTERM', () => process.exit(1));

async function work(arena: Arena, tasks: Task[], counts: Counts): Promise<void> {
  for (let task = tasks.pop(); task; task = tasks.pop()) {
    const { point, base } = task;
    const { run, wrong } = await outcome(arena, point, base, Number(values.looks));
    counts.add(point, run.hits, wrong.length);
    if (wrong.length > 0)
      console.log(`${nameOf(point)} at ${placeOf(run.site)}\n  ${wrong.join('\n  ')}`);
    if (counts.runs % 500 === 0) console.log(`${counts.runs} runs, ${tasks.length} to come`);
  }
}

async function run(): Promise<number> {
  const began = Date.now();
  const arenas = Array.from({ length: Number(values.jobs) }, () => new Arena());
  const counts = new Counts();
  try {
    for (const arena of arenas) await arena.prepare();
    // What one arena has found out holds in all: the same calls in the same order, but for the places.
    const [first] = arenas;
    if (!first) return 1;
    const tasks = [...(await tasksOf(first))].reverse();
    console.log(`${tasks.length} faults, ${ways.length} ways`);
    await Promise.all(arenas.map((arena) => work(arena, tasks, counts)));
  } finally {
    for (const arena of arenas) arena.close();
  }
  console.log(counts.summary(Date.now() - began));
  const whole = values.only === '' && values.calls === '';
  if (whole) writeReport(values.report, counts, Date.now() - began);
  return counts.wrong === 0 ? 0 : 1;
}

if (values.help) console.log(help);
else process.exitCode = await run();
