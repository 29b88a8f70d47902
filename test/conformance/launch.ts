import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { SILENCE_SECONDS } from '../support/silence.js';
import type { Outcome } from './oracle.js';

/** A subject hangs when it is silent for so long: sooner than the guest around it, which is silent with it. */
const SECONDS = Math.floor(SILENCE_SECONDS / 2);
/** How often one listens. */
const TURN_MS = 5000;

/** One subject to run in an empty directory. */
export interface Job {
  readonly program: string;
  readonly words: readonly string[];
  readonly directory: string;
}

export interface Surroundings {
  /** Takes outputs; not the filesystem that is asked about. */
  readonly outputs: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The program that runs many jobs. */
  readonly multi: string;
}

/** Names may be any bytes, which Node's own rm cannot remove; a killed subject leaves its mounts. */
export function removeTree(directory: string): void {
  for (const line of readFileSync('/proc/self/mountinfo', 'latin1').split('\n').reverse()) {
    const point = line.split(' ')[4];
    if (point?.startsWith(`${directory}/`)) spawnSync('umount', ['-l', point]);
  }
  if (process.getuid?.() !== 0) spawnSync('chmod', ['-R', 'u+rwx', directory], { stdio: 'ignore' });
  spawnSync('rm', ['-rf', '--one-file-system', directory], { stdio: 'inherit' });
}

function freshDirectory(directory: string): void {
  removeTree(directory);
  mkdirSync(directory, { mode: 0o755 });
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'latin1') : '';
}

const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** How much the programs have said by now that write to these files. */
function said(outputs: readonly string[]): number {
  const files = outputs.flatMap((output) => [`${output}.out`, `${output}.err`, `${output}.status`]);
  return files.reduce((sum, file) => sum + size(file), 0);
}

/**
 * Runs a program until every process that inherited descriptor 3 is gone: a daemon counts, and so
 * would a supervisor that failed to close what is not its own. It hangs when nothing more is said for
 * SECONDS, by it or by the programs whose outputs it has in `others`, however slow the machine is that
 * it goes on at.
 */
function launch(
  command: readonly string[],
  directory: string,
  output: string,
  environment: Readonly<Record<string, string>>,
  others: readonly string[] = [],
  goesOn?: () => void,
): Promise<Outcome> {
  const [out, err] = [openSync(`${output}.out`, 'a'), openSync(`${output}.err`, 'a')];
  return new Promise((resolve) => {
    const [program = '', ...words] = command;
    const child = spawn(program, words, {
      cwd: directory,
      env: environment,
      detached: true, // a process group to kill
      stdio: ['ignore', out, err, 'pipe'],
    });
    const lifeline = child.stdio[3];
    closeSync(out);
    closeSync(err);
    let late = false;
    let heard = 0;
    let since = performance.now();
    const giveUp = (): void => {
      late = true;
      clearInterval(listening);
      lifeline?.destroy();
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group is gone; what holds the descriptor has left it.
      }
      deadly = setTimeout(() => {
        finish('timeout, and could not be killed');
      }, SECONDS * 1000);
    };
    const listening = setInterval(() => {
      const now = said([output, ...others]);
      if (now !== heard) {
        [heard, since] = [now, performance.now()];
        goesOn?.();
      } else if (performance.now() - since > SECONDS * 1000) giveUp();
    }, TURN_MS);
    let deadly: NodeJS.Timeout | undefined;
    const finish = (status: string): void => {
      clearInterval(listening);
      clearTimeout(deadly);
      resolve({ status, out: read(`${output}.out`), err: read(`${output}.err`) });
    };
    child.on('error', (error) => {
      finish(error.message);
    });
    if (lifeline instanceof Readable) lifeline.on('error', () => undefined).resume();
    child.on('close', (code, signal) => {
      finish(late ? 'timeout' : code === null ? `signal ${signal}` : `exit ${code}`);
    });
  });
}

/** Each job by itself: the prefix becomes the subject. */
export async function runOne(
  job: Job,
  prefix: readonly string[],
  surroundings: Surroundings,
): Promise<Outcome> {
  freshDirectory(job.directory);
  freshDirectory(surroundings.outputs);
  const outcome = await launch(
    [...prefix, job.program, ...job.words],
    job.directory,
    path.join(surroundings.outputs, 'one'),
    surroundings.environment,
  );
  removeTree(job.directory);
  return outcome;
}

/** What became of all jobs that ran below one command, and of that command. */
export interface Batch {
  readonly all: Outcome;
  readonly each: readonly Outcome[];
}

const outputOf = (i: number, outputs: string): string => path.join(outputs, `job-${i}`);

/** The file that tells `multi` what to run; what comes of it shall be in the directory `outputs`. */
export function batchList(jobs: readonly Job[], outputs: string): string {
  const lines = jobs.map((job, i) =>
    [`${SECONDS}`, job.directory, outputOf(i, outputs), job.program, ...job.words].join('\t'),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** How long a job of `multi` took, natively or wrapped; 0 if it was never run. */
export function readMilliseconds(jobs: readonly Job[], outputs: string): number[] {
  return jobs.map((_, i) => Number(read(`${outputOf(i, outputs)}.milliseconds`)));
}

/** What `multi` left of a job, or a script of `multi` itself: OUTPUT.out, .err and .status. */
export function readOutcome(output: string): Outcome {
  const status = read(`${output}.status`).trim() || 'never run';
  return { status, out: read(`${output}.out`), err: read(`${output}.err`) };
}

export function readOutcomes(jobs: readonly Job[], outputs: string): Outcome[] {
  return jobs.map((_, i) => readOutcome(outputOf(i, outputs)));
}

/** All jobs below one start of the prefix; `goesOn` is called again and again while they say something. */
export async function runMany(
  jobs: readonly Job[],
  prefix: readonly string[],
  surroundings: Surroundings,
  goesOn: () => void,
): Promise<Batch> {
  const { outputs, environment, multi } = surroundings;
  freshDirectory(outputs);
  for (const job of jobs) freshDirectory(job.directory);
  const list = path.join(outputs, 'jobs');
  writeFileSync(list, batchList(jobs, outputs));
  const all = await launch(
    [...prefix, multi, list],
    '/',
    path.join(outputs, 'all'),
    environment,
    jobs.map((_, i) => outputOf(i, outputs)),
    goesOn,
  );
  for (const job of jobs) removeTree(job.directory);
  return { all, each: readOutcomes(jobs, outputs) };
}
