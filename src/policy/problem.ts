/** What is wrong with a policy, with the place where it stands. */
import { SpoofError } from '../errors.js';

/** One fault of a policy. */
export interface Problem {
  /** The file as the user named it; undefined for what stands on the command line. */
  readonly file?: string | undefined;
  /** 1-based; undefined if it is not about a place in the file. */
  readonly line?: number | undefined;
  /** 1-based, in UTF-16 code units, as editors count. */
  readonly column?: number | undefined;
  /** Where it is in a policy that is an object: `policy.files[0].path`. */
  readonly path?: string | undefined;
  /** What stands there, cut to 60 characters; empty for what is missing. */
  readonly text?: string | undefined;
  readonly message: string;
  /** What to write instead. */
  readonly suggestion?: string | undefined;
}

/** Keys and indices that lead to a value. */
export type Path = readonly PropertyKey[];

/** What a policy was read from: knows where each value stands in it. */
export interface Places {
  /** Of the rule at `path`, for people. */
  origin(path: Path): string;
  /** Of the value at `path`, so exactly as it can be said. */
  position(path: Path): string;
  /** A problem with the value at `path`, or with its key. */
  problem(path: Path, message: string, suggestion: string | undefined, key?: boolean): Problem;
}

/** `FILE:LINE:COLUMN: MESSAGE; SUGGESTION`, on one line. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, path, message, suggestion } = problem;
  const place = [file, line, column, path].filter((part) => part !== undefined).join(':');
  const advice = suggestion === undefined ? '' : `; ${suggestion}`;
  return `${place === '' ? '' : `${place}: `}${message}${advice}`;
}

/** A policy cannot be used: it is not found, not valid, or contradicts another. */
export class PolicyError extends SpoofError {
  /** Every fault that was found, at least one, in the order of reading. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super('ESPOOF_POLICY', problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}
