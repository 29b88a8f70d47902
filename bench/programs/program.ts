// What a program of this table is, and one run of it.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How much there is to do. */
export interface Size {
  /** In the tree `files`. */
  readonly files: number;
  /** In the tree `modules`. */
  readonly modules: number;
  /** Files that get a cat of their own. */
  readonly cats: number;
  /** Packages of Go's library that are compiled. */
  readonly packages: readonly string[];
  /** Of the programs of every day, a tenth or all. */
  readonly short: boolean;
}

/** Trees that are made once, before the first run, and that no run changes. */
export type TreeName = 'files' | 'modules' | 'go';

export interface Program {
  readonly row: string;
  /** Commands that must be installed. */
  readonly needs: readonly string[];
  /** `$TREE` in the script. */
  readonly tree?: TreeName;
  /** Fills the directory in which one run starts. Not part of the time. */
  readonly prepare?: (place: string) => void;
  /** Starts in an empty directory. What it prints has to be the same in every run. */
  readonly script: (size: Size) => string;
  /** Who runs it, if that is not we: needs root. */
  readonly user?: string;
  /** Makes sense, and works, in a sandbox that has no network and is slow. */
  readonly inGvisor?: true;
  /** Measured under the peers as well. */
  readonly peers?: true;
}

export interface Run {
  readonly milliseconds: number;
  /** Status and output: the same under each way, or something is wrong. */
  readonly result: string;
  readonly errors: string;
}

const TIMEOUT_MS = 3 * 3600_000; // only to detect hangs: a program under the slowest way says nothing for long

/** Starts the program by the words of a way, `tree` being the directory of its tree. */
export function runOnce(
  program: Program,
  prefix: readonly string[],
  size: Size,
  tree: string | undefined,
): Run {
  const place = mkdtempSync(join(tmpdir(), 'seccomp-spoof-bench-'));
  try {
    chmodSync(place, 0o777);
    program.prepare?.(place);
    const { user } = program;
    const asUser =
      user === undefined
        ? []
        : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--'];
    const [command, ...words]: string[] = [...prefix, ...asUser, 'sh', '-c', program.script(size)];
    const began = process.hrtime.bigint();
    const ended = spawnSync(command ?? 'sh', words, {
      cwd: place,
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      env: {
        PATH: process.env['PATH'],
        HOME: place,
        LANG: 'C',
        ...(tree === undefined ? {} : { TREE: tree }),
      },
    });
    const milliseconds = Number(process.hrtime.bigint() - began) / 1e6;
    const { status, signal, stdout, stderr, error } = ended;
    // It could not be started, or hung.
    if (error !== undefined) return { milliseconds, result: error.message, errors: '' };
    return { milliseconds, result: `${status ?? signal} ${stdout.trim()}`, errors: stderr };
  } finally {
    rmSync(place, { recursive: true, force: true, maxRetries: 3 });
  }
}
