// What a run of the suite consists of, wherever it runs: the jobs, their surroundings, the results.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Pair, namesInTables } from '../lanes/lane.js';
import type { Batch, Job } from './launch.js';
import type { Outcome, Verdict } from './oracle.js';
import { type Scenario, type Variant, scenarios } from './scenarios.js';

/** Which scenarios, and how. */
export interface Selection {
  /** test/build, or where else the Makefile has put the subjects. */
  readonly build: string;
  readonly only: RegExp;
  readonly variants: readonly string[];
  readonly seed: number;
  /** All below one command, so each in a directory of its own name. */
  readonly batch: boolean;
}

export interface Task {
  readonly scenario: Scenario;
  readonly variant: Variant;
  readonly job: Job;
  readonly shows: boolean;
}

export type Result = Verdict & {
  readonly lane: string;
  readonly pair: string;
  readonly mechanism: string;
  readonly scenario: string;
  readonly subject: string;
  readonly milliseconds: number;
};

/** Where there is no Go, the makefile of the subjects leaves out those that are written in it. */
export const isBuilt = (build: string, variant: Variant): boolean =>
  !variant.startsWith('go') || existsSync(path.join(build, variant, '.built'));

/** `work`: where subjects get their directories; `onPair`: it is on the pair's filesystem. */
export function tasks(selection: Selection, pair: Pair, work: string, onPair: boolean): Task[] {
  const place = pair.tree ? { directory: pair.directory, tree: pair.tree } : pair;
  return scenarios(selection.seed)
    .filter(({ name }) => selection.only.test(name))
    .filter(({ readOnly }) => readOnly !== true || (!onPair && pair.tree !== undefined))
    .flatMap((scenario, number) =>
      scenario.variants
        .filter((variant) => selection.variants.includes(variant))
        .filter((variant) => isBuilt(selection.build, variant))
        .map((variant): Task => {
          const directory = path.join(work, selection.batch ? `run-${variant}-${number}` : 'run');
          const program = path.join(selection.build, variant, scenario.subject);
          const words = scenario.words(place);
          const shows = onPair || scenario.subject === 'existing' || scenario.readOnly === true;
          return { scenario, variant, job: { program, words, directory }, shows };
        }),
    );
}

export function subjectEnvironment(effort: number): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/',
    LANG: 'C',
    SUBJECT_EFFORT: `${effort}`,
  };
}

/** The source that it tells of mounts of the pair's filesystem. */
export const toldSource = '/dev/told';

/**
 * A policy whose rule has an exception that never holds, so that each call has to be looked up by
 * path before it can be answered.
 */
export function policyWithPath(pair: Pair): string {
  const rule = [
    `  - when: { type: ${pair.from} }`,
    '    except: { path: /no/such/place/** }',
    `    answer: { type: ${pair.to} }`,
    'mounts:',
    `  - when: { fstype: [${namesInTables(pair.from).join(', ')}] }`,
    '    except: { path: /no/such/place/** }',
    `    answer: { fstype: ${pair.to}, source: ${toldSource} }`,
  ];
  return ['apiVersion: seccomp-spoof/v1', `name: ${pair.from}`, 'statfs:', ...rule, ''].join('\n');
}

/** A wrapped start that leaves the command's standard error alone may still warn once for all. */
function notWrapped(all: Outcome): Verdict | undefined {
  if (all.status === 'exit 0' && all.out === '' && all.err === '') return undefined;
  const reason = `the run of all subjects ended with ${all.status}: ${all.err}${all.out}`;
  return { status: 'fail', reason, notes: [], differences: [] };
}

export function judgeBatch(
  all: readonly Task[],
  native: Batch,
  wrapped: Batch,
  verdictOf: (task: Task, native: Outcome, wrapped: Outcome) => Verdict,
): [Task, Verdict][] {
  const trouble = notWrapped(native.all) ?? notWrapped(wrapped.all);
  return all.flatMap((task, i): [Task, Verdict][] => {
    const [before, after] = [native.each[i], wrapped.each[i]];
    if (before === undefined || after === undefined) return [];
    return [[task, trouble ?? verdictOf(task, before, after)]];
  });
}

/** One wrapped run of some tasks. */
export interface Run {
  readonly lane: string;
  readonly pair: Pair;
  readonly mechanism: string;
  readonly paths: boolean;
}

/** `began`: by Date.now(). */
export function resultOf(
  run: Run,
  { scenario, variant }: Task,
  verdict: Verdict,
  began: number,
): Result {
  return {
    lane: run.lane,
    pair: `${run.pair.from}=${run.pair.to}${run.paths ? ' by path' : ''}`,
    mechanism: run.mechanism,
    scenario: scenario.name,
    subject: `${variant}/${scenario.subject}`,
    milliseconds: Date.now() - began,
    ...verdict,
  };
}
