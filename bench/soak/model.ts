// What a soak sees, and what becomes of it: soak.json is a Soak.
import type { Statistics } from 'seccomp-spoof';
import type { Machine } from '../model.js';

/** What processes use, by /proc. */
export interface Usage {
  readonly processes: number;
  /** Resident memory, in kB. */
  readonly memory: number;
  /** Processor time since they started, in seconds, with that of their children that have ended. */
  readonly cpu: number;
}

/** The answer to one question. */
export interface Outcome {
  readonly ok: boolean;
  /** What was seen, for people. */
  readonly detail: string;
  /** How often it has happened, where it is to happen at least once. */
  readonly count?: number;
}

export const questions = ['node', 'statistics', 'pod', 'visitor'] as const;
export type Question = (typeof questions)[number];

/** Everything at one moment. */
export interface Observation {
  /** Milliseconds since the start. */
  readonly at: number;
  readonly alive: boolean;
  /** How often the command has been started again. */
  readonly restarts: number;
  readonly command: Usage | null;
  /** Guardian and worker. */
  readonly supervisor: Usage | null;
  /** What the supervisor has counted, or null without it. */
  readonly counters: {
    readonly stopped: number;
    readonly answered: number;
    readonly fallbacks: number;
    readonly givenUp: number;
    readonly workerStarts: number;
  } | null;
  readonly answers: Partial<Readonly<Record<Question, Outcome>>>;
  /** Lines of the log that have matched so far, by the pattern's name. */
  readonly matches: Readonly<Record<string, number>>;
}

/** The first lines that a pattern has matched. */
export interface Match {
  readonly pattern: string;
  readonly at: number;
  readonly line: string;
}

export type Verdict = 'met' | 'not met' | 'not asked';

export interface Criterion {
  readonly name: string;
  readonly verdict: Verdict;
  /** What it is judged by. */
  readonly why: string;
}

export interface Soak {
  readonly format: 1;
  readonly date: string;
  readonly version: string;
  readonly machine: Machine;
  readonly command: readonly string[];
  /** Names of the policies; null: without seccomp-spoof. */
  readonly policy: readonly string[] | null;
  readonly mechanism: string | null;
  /** Asked for, and what became of it in the last run; undefined: off. */
  readonly inline?: { readonly asked: string; readonly outcomes: Statistics['inline'] };
  /** Milliseconds. */
  readonly planned: number;
  readonly interval: number;
  readonly settle: number;
  readonly lasted: number;
  /** Why it ended before it was to. */
  readonly interrupted: string | null;
  readonly observations: readonly Observation[];
  readonly matches: readonly Match[];
  readonly criteria: readonly Criterion[];
}
