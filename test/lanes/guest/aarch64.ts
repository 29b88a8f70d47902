// What the aarch64 guest runs: the supervisor and the subjects, cross-compiled here, and the
// conformance suite driven from here, because nothing but them runs there.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadPolicy } from '../../../src/index.js';
import {
  type Batch,
  batchList,
  readMilliseconds,
  readOutcome,
  readOutcomes,
} from '../../conformance/launch.js';
import { judge } from '../../conformance/oracle.js';
import {
  type Result,
  type Selection,
  judgeBatch,
  policyWithPath,
  resultOf,
  subjectEnvironment,
  tasks,
  toldSource,
} from '../../conformance/tasks.js';
import { testBuild } from '../../support/paths.js';
import type { Pair } from '../lane.js';
import { quote } from '../../support/shell.js';
import { Guest, type GuestOptions, checkout } from './guest.js';

export const compiler = 'aarch64-linux-gnu-gcc';
const subjects = join(testBuild, 'aarch64');
export const supervisor = join(checkout, 'csrc/build-aarch64/seccomp-spoof-supervisor');
export const guest = new Guest('aarch64');

/** Why it cannot be had here, in words, or undefined if it can. */
export function available(): string | undefined {
  const program = { input: 'int main(void) { return 0; }' };
  const { status } = spawnSync(compiler, ['-static', '-x', 'c', '-o', '/dev/null', '-'], program);
  if (status !== 0) {
    return `${compiler} makes no programs (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross)`;
  }
  return guest.available();
}

/** The supervisor and the subjects, for aarch64. */
export function build(): void {
  const make = (...words: string[]): void => {
    // Another run in this checkout takes its turn.
    const inTurn = [join(testBuild, '.lock'), 'make', '-s', '-j2', ...words];
    const { status, stderr } = spawnSync('flock', inTurn, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`make ${words.join(' ')}: ${stderr}`);
  };
  make('-C', join(checkout, 'csrc'), 'cross');
  const target = [`CC=${compiler}`, 'GOARCH=arm64', `OUT=${subjects}`, 'c', 'go'];
  make('-C', join(checkout, 'test/subjects'), ...target);
}

/** One wrapped run of all subjects, to be compared with the native one of the same pair. */
export interface Wrapped {
  readonly mechanism: 'notify' | 'trace' | 'ptrace';
  /** Each file has to be looked up before its call is answered. */
  readonly paths: boolean;
  /** With `--inline always`. */
  readonly inline?: boolean;
}

export interface Suite extends Pick<Selection, 'only' | 'variants' | 'seed'> {
  readonly effort: number;
  /** Its directory is made when it is needed, and nothing is to be there. */
  readonly pair: Pair;
  readonly wrapped: readonly Wrapped[];
}

/** What results of such a run call their lane. */
export const laneOf = ({ mechanism, paths, inline = false }: Wrapped): string =>
  `aarch64, ${mechanism}${paths ? ' by path' : ''}${inline ? ' inline' : ''}`;

const outputs = '/run/outputs';
const workOf = (pair: Pair): string => join(pair.directory, 'suite');

/**
 * A script that runs all jobs below the prefix and leaves what came of them as /run/guest/NAME.
 * Busybox cannot remove what the subjects leave; it is put aside.
 */
function phase(name: string, prefix: string, list: string, suite: Suite): string {
  const { pair, effort } = suite;
  const environment = Object.entries({ ...subjectEnvironment(effort), PATH: '/bin' });
  const words = environment.map(([variable, value]) => quote(`${variable}=${value}`)).join(' ');
  const multi = quote(join(subjects, 'static/multi'));
  return [
    'umask 022',
    `mkdir -p ${outputs} ${workOf(pair)}`,
    `cut -f 2 ${quote(list)} | xargs mkdir`,
    'cd /',
    `env -i ${words} ${prefix} ${multi} ${quote(list)} >${outputs}/all.out 2>${outputs}/all.err`,
    `echo exit $? >${outputs}/all.status`,
    `mv ${pair.directory} ${pair.directory}-${name}`,
    `cp -r ${outputs} /run/guest/${name}`,
    `rm -r ${outputs}`,
  ].join('\n');
}

/** The blob of the policy that changes this pair, in a file of this directory. */
async function compile(pair: Pair, paths: boolean, directory: string): Promise<string> {
  const yaml = join(directory, 'policy.yaml');
  writeFileSync(yaml, policyWithPath(pair));
  const options = paths ? { policy: yaml } : { fstype: { [pair.from]: pair.to } };
  const blob = join(directory, paths ? 'with-paths' : 'without-paths');
  writeFileSync(blob, (await loadPolicy(options)).blob);
  return blob;
}

export interface SuiteRun {
  readonly results: readonly Result[];
  /** What the scripts around the subjects said on standard error: nothing, if all is well. */
  readonly errors: string;
}

/** Runs the suite in one boot: natively, then wrapped in each way that is asked for. */
export async function runSuite(suite: Suite, options: GuestOptions): Promise<SuiteRun> {
  const { pair } = suite;
  const all = tasks({ ...suite, build: subjects, batch: true }, pair, workOf(pair), true);
  const jobs = all.map(({ job }) => job);
  // Below the checkout, where the guest sees it.
  const files = mkdtempSync(join(subjects, 'suite-'));
  try {
    const list = join(files, 'jobs');
    writeFileSync(list, batchList(jobs, outputs));
    const scripts = [phase('native', '', list, suite)];
    for (const [i, way] of suite.wrapped.entries()) {
      const blob = await compile(pair, way.paths, files);
      // A supervisor and its tracee wake each other up all the time, which takes up to ten times as
      // long from one emulated processor to the other; how they race is seen on real ones.
      const inline = way.inline === true ? '--inline always ' : '';
      const start = `taskset 1 ${quote(supervisor)} start --policy 9 --mechanism ${way.mechanism} ${inline}--`;
      scripts.push(`exec 9<${quote(blob)}\n${phase(`wrapped-${i}`, start, list, suite)}`);
    }

    let [native, ...batches]: Batch[] = [];
    let times: number[][] = [];
    const onShare = (directory: string): void => {
      const names = ['native', ...suite.wrapped.map((_, i) => `wrapped-${i}`)];
      const places = names.map((name) => join(directory, name));
      [native, ...batches] = places.map((left) => {
        return { all: readOutcome(join(left, 'all')), each: readOutcomes(jobs, left) };
      });
      times = places.map((left) => readMilliseconds(jobs, left));
    };
    const steps = await guest.runAll(scripts, { ...options, onShare });
    const results = suite.wrapped.flatMap((way, i) => {
      const wrapped = batches[i];
      if (native === undefined || wrapped === undefined) return [];
      const run = { lane: laneOf(way), pair, ...way };
      const verdicts = judgeBatch(all, native, wrapped, ({ shows }, before, after) =>
        judge(before, after, way.paths ? { ...pair, source: toldSource } : pair, shows),
      );
      return verdicts.map(([task, verdict]) => {
        const milliseconds = times[i + 1]?.[all.indexOf(task)] ?? 0;
        return { ...resultOf(run, task, verdict, 0), milliseconds };
      });
    });
    return { results, errors: steps.map(({ stderr }) => stderr).join('') };
  } finally {
    rmSync(files, { recursive: true });
  }
}
