/**
 * Runs every scenario natively and wrapped and prints one JSON object a line:
 *
 *     { lane, pair, mechanism, scenario, subject, status: "pass" | "fail" | "not-applicable", reason, ... }
 *
 * Between the results of --batch empty lines come as long as it goes on.
 * A program of its own that needs only Node and the compiled subjects, so that a guest can run it.
 * Ends with 0 if nothing failed and something passed, with 1 if not, with 2 on wrong usage.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hostLane } from '../lanes/host.js';
import type { Lane, Pair } from '../lanes/lane.js';
import { type Surroundings, removeTree, runMany, runOne } from './launch.js';
import { type Outcome, type Verdict, judge } from './oracle.js';
import {
  type Result,
  type Selection,
  type Task,
  judgeBatch,
  policyWithPath,
  toldSource,
  resultOf,
  subjectEnvironment,
  tasks,
} from './tasks.js';

const usage = `usage: node runner.js --exec PROGRAM --scratch DIRECTORY [--lane host|FILE.json]
    [--mechanism notify,trace,...] [--pin trace,...] [--batch] [--only REGEXP] [--variants static,dynamic,go] [--pairs tmpfs,...]
    [--effort PERCENT] [--seed NUMBER] [--paths] [--stay] [--inline WHEN]`;

interface Options extends Selection {
  readonly exec: string;
  readonly mechanisms: readonly string[];
  /** These run on one processor: in an emulated machine a wake-up across processors takes long. */
  readonly pinned: readonly string[];
  readonly scratch: string;
  readonly lane: Lane;
  readonly paths: boolean;
  /** A parent stays, as `exec` does where only an ancestor may read a program. */
  readonly stay: boolean;
  /** Programs answer by themselves, as far as they may. */
  readonly inline: string | undefined;
  readonly pairs: readonly string[] | undefined;
  readonly effort: number;
}

const noPrivilege: Verdict = {
  status: 'not-applicable',
  reason:
    'a supervisor without privilege cannot read a program that is not dumpable (docs/lanes.md)',
};

/** A lane described by a file: what it has is mounted already. */
function laneFromFile(file: string): Lane {
  const { name, pairs } = JSON.parse(readFileSync(file, 'utf8')) as {
    name: string;
    pairs: readonly Pair[];
  };
  return { name, available: () => undefined, prepare: () => pairs, release: () => undefined };
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      exec: { type: 'string' },
      scratch: { type: 'string' },
      lane: { type: 'string', default: 'host' },
      mechanism: { type: 'string', default: 'notify' },
      pin: { type: 'string', default: '' },
      batch: { type: 'boolean', default: false },
      paths: { type: 'boolean', default: false },
      stay: { type: 'boolean', default: false },
      inline: { type: 'string' },
      only: { type: 'string', default: '' },
      variants: { type: 'string', default: 'static,dynamic,go' },
      pairs: { type: 'string' },
      effort: { type: 'string', default: '100' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    },
  });
  if (values.exec === undefined || values.scratch === undefined) throw new Error('missing option');
  return {
    build: path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..'),
    // Subjects run in directories of their own.
    exec: path.resolve(values.exec),
    mechanisms: values.mechanism.split(','),
    pinned: values.pin.split(','),
    scratch: path.resolve(values.scratch),
    lane: values.lane === 'host' ? hostLane() : laneFromFile(values.lane),
    batch: values.batch,
    paths: values.paths,
    stay: values.stay,
    inline: values.inline,
    only: new RegExp(values.only),
    variants: values.variants.split(','),
    pairs: values.pairs?.split(','),
    effort: Number(values.effort),
    seed: Number(values.seed),
  };
}

/** A directory of our own where the pair's filesystem can be written to, else undefined. */
function workplace(pair: Pair): string | undefined {
  try {
    return mkdtempSync(path.join(pair.directory, 'conformance-'));
  } catch {
    return undefined;
  }
}

/** The words for `exec` that make `pair` its policy. */
function policyFor(options: Options, pair: Pair): readonly string[] {
  if (!options.paths) return ['--fstype', `${pair.from}=${pair.to}`];
  const file = path.join(options.scratch, `${pair.from}.yaml`);
  writeFileSync(file, policyWithPath(pair));
  return ['--policy', file];
}

async function runPair(options: Options, pair: Pair, report: (result: Result) => void) {
  const own = workplace(pair);
  const work = own ?? path.join(options.scratch, 'work');
  if (own === undefined) mkdirSync(work, { recursive: true });
  const surroundings: Surroundings = {
    outputs: path.join(options.scratch, 'outputs'),
    multi: path.join(options.build, 'static/multi'),
    environment: subjectEnvironment(options.effort),
  };
  chmodSync(work, 0o755); // subjects become other users
  const policy = policyFor(options, pair);
  const prefix = (mechanism: string): string[] => [
    ...(options.pinned.includes(mechanism) ? ['taskset', '1'] : []),
    ...[options.exec, 'exec', '--mechanism', mechanism],
    ...(options.stay ? ['--stay'] : []),
    ...(options.inline === undefined ? [] : ['--inline', options.inline]),
    ...policy,
    '--',
  ];
  const all = tasks(options, pair, work, own !== undefined);
  const tell = (mechanism: string, task: Task, verdict: Verdict, began: number): void => {
    const run = { lane: options.lane.name, pair, mechanism, paths: options.paths };
    report(resultOf(run, task, verdict, began));
  };

  const told = options.paths ? { ...pair, source: toldSource } : pair;
  const verdictOf = (task: Task, native: Outcome, wrapped: Outcome): Verdict =>
    task.scenario.needsPrivilege === true && process.getuid?.() !== 0
      ? noPrivilege
      : judge(native, wrapped, told, task.shows);

  if (options.batch) {
    const jobs = all.map(({ job }) => job);
    // Results come when all is done: the empty lines say that it goes on.
    const goesOn = (): void => {
      console.log('');
    };
    const native = await runMany(jobs, [], surroundings, goesOn);
    for (const mechanism of options.mechanisms) {
      const began = Date.now();
      const wrapped = await runMany(jobs, prefix(mechanism), surroundings, goesOn);
      judgeBatch(all, native, wrapped, verdictOf).forEach(([task, verdict]) => {
        tell(mechanism, task, verdict, began);
      });
    }
  } else {
    for (const task of all) {
      const native = await runOne(task.job, [], surroundings);
      for (const mechanism of options.mechanisms) {
        const began = Date.now();
        const wrapped = await runOne(task.job, prefix(mechanism), surroundings);
        tell(mechanism, task, verdictOf(task, native, wrapped), began);
      }
    }
  }
  if (own !== undefined) removeTree(own);
}

async function main(options: Options): Promise<number> {
  const why = options.lane.available();
  if (why !== undefined) {
    console.error(`lane ${options.lane.name}: ${why}`);
    return 1;
  }
  const tally = { pass: 0, fail: 0, 'not-applicable': 0 };
  chmodSync(options.scratch, 0o755);
  try {
    for (const pair of options.lane.prepare(options.scratch)) {
      if (options.pairs && !options.pairs.includes(pair.from)) continue;
      await runPair(options, pair, (result) => {
        tally[result.status] += 1;
        console.log(JSON.stringify(result));
      });
    }
  } finally {
    options.lane.release();
  }
  return tally.fail === 0 && tally.pass > 0 ? 0 : 1;
}

let options: Options;
try {
  options = readOptions();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exit(2);
}
process.exitCode = await main(options);
