// The command that is watched: started, started again, ended; what it says; what it uses.
// Rule: a session of its own, so that Ctrl-C at the terminal reaches us alone, and its end is ours.
import { type ChildProcess, spawn as spawnProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { choosePolicy, loadPolicy, spawn } from 'seccomp-spoof';
import type { LoadedPolicy, SpoofedProcess, Statistics } from 'seccomp-spoof';
import { descendants, supervisorsIn } from '../supervisor/processes.js';
import { askDoctor } from './doctor.js';
import { Lines } from './logs.js';
import type { Observation, Usage } from './model.js';
import type { SoakOptions } from './options.js';
import { usageOf } from './usage.js';

type Counters = NonNullable<Observation['counters']>;

const noCounters: Counters = {
  stopped: 0,
  answered: 0,
  fallbacks: 0,
  givenUp: 0,
  workerStarts: 0,
};

function sum(a: Counters, b: Counters): Counters {
  return {
    stopped: a.stopped + b.stopped,
    answered: a.answered + b.answered,
    fallbacks: a.fallbacks + b.fallbacks,
    givenUp: a.givenUp + b.givenUp,
    workerStarts: a.workerStarts + b.workerStarts,
  };
}

/** How long the command has to end when it is asked to. */
const PATIENCE_MS = 30_000;

/** The policy, as `exec` would choose it; undefined: none. Throws what loadPolicy() throws. */
export async function policyFor(options: SoakOptions): Promise<LoadedPolicy | undefined> {
  const { policies, fstypes, native, command } = options;
  if (native) return undefined;
  if (policies.length > 0 || fstypes.length > 0) {
    return loadPolicy({ policy: policies, fstype: fstypes });
  }
  const { policy, program } = choosePolicy(command[0] ?? '');
  const directories = program === undefined ? [] : askDoctor(command).directories;
  const parameters = Object.fromEntries(directories.map((each) => [each.parameter, each.path]));
  return loadPolicy({ policy, parameters });
}

export class Command {
  readonly #options: SoakOptions;
  readonly #policy: LoadedPolicy | undefined;
  readonly #log: string;
  readonly #output: string;
  readonly #onLine: (line: string) => void;
  #child: ChildProcess | undefined;
  #spoofed: SpoofedProcess | undefined;
  /** Of the runs before this one. */
  #counted = noCounters;
  #starts = 0;
  /** How it has ended, and was not asked to. */
  readonly endings: string[] = [];
  #stopping = false;

  constructor(
    options: SoakOptions,
    policy: LoadedPolicy | undefined,
    directory: string,
    onLine: (line: string) => void,
  ) {
    this.#options = options;
    this.#policy = policy;
    this.#log = join(directory, 'seccomp-spoof.log');
    this.#output = join(directory, 'command.log');
    this.#onLine = onLine;
  }

  /** Names of the policies, or null. */
  get policy(): readonly string[] | null {
    return this.#policy?.names ?? null;
  }

  get alive(): boolean {
    return this.#child !== undefined;
  }

  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  async start(): Promise<void> {
    const [file = '', ...rest] = this.#options.command;
    const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'pipe'];
    const common = { stdio, detached: true };
    this.#starts++;
    const spoofed =
      this.#policy === undefined
        ? undefined
        : await spawn(file, rest, {
            ...common,
            policy: this.#policy,
            mechanism: this.#options.mechanism,
            inline: this.#options.inline,
            logFile: this.#log,
          });
    const child: ChildProcess = spoofed ?? spawnProcess(file, rest, common);
    this.#spoofed = spoofed;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      const lines = new Lines(this.#onLine);
      stream?.on('data', (data: Buffer) => {
        appendFileSync(this.#output, data);
        lines.push(data.toString('latin1'));
      });
      stream?.on('end', () => {
        lines.end();
      });
    }
    const ended = (how: string): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      if (!this.#stopping) this.endings.push(how);
    };
    child.on('error', (error) => {
      ended(error.message);
    });
    child.on('exit', (status, signal) => {
      ended(signal ?? `status ${String(status)}`);
    });
  }

  /** Starts it again if it has ended; as often as it is looked at, not more often. */
  async startAgain(): Promise<void> {
    if (this.alive || this.#stopping) return;
    this.#counted = this.counters ?? noCounters;
    await this.start();
  }

  get counters(): Counters | null {
    const now: Statistics | undefined = this.#spoofed?.statistics();
    return now === undefined ? null : sum(this.#counted, now);
  }

  /** What became of programs that were to answer by themselves, in the run that goes on. */
  get inlined(): Statistics['inline'] {
    return this.#spoofed?.statistics().inline ?? [];
  }

  get usage(): Usage | null {
    const pid = this.#child?.pid;
    return pid === undefined ? null : usageOf(descendants([pid]));
  }

  get supervisor(): Usage | null {
    return this.#spoofed === undefined
      ? null
      : usageOf(supervisorsIn(readFileSync(this.#log, 'utf8')));
  }

  /** Asks it to end; ends it if it does not, and then what is left of its group. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child?.pid === undefined) return;
    const { pid } = child;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
    }, PATIENCE_MS);
    await exited;
    clearTimeout(timer);
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // There is none left.
    }
    // Daemons of it may hold them still.
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}
