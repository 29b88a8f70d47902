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
  /** What stands there, cut to 60 characters; empty for what is missing. */
  readonly text?: string | undefined;
  readonly message: string;
  /** What to write instead. */
  readonly suggestion?: string | undefined;
}

/** `FILE:LINE:COLUMN: MESSAGE; SUGGESTION`, on one line. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, message, suggestion } = problem;
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
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
