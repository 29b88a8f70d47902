/** How a stopped call may reach the supervisor; `auto`: the best one that was seen to work. */
export const MECHANISMS = ['auto', 'notify', 'trace', 'ptrace'] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** Whether programs answer calls by themselves: `auto`: those that make many; `always`: all. */
export const INLINE = ['off', 'auto', 'always'] as const;
export type Inline = (typeof INLINE)[number];

/** What is logged: lives of processes and first hits of rules, or every stopped call as well. */
export const LOG_LEVELS = ['info', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What `supervisor start` is told; descriptors are numbers as the supervisor sees them. */
export interface StartRequest {
  /** The compiled policy. */
  readonly policy: number;
  readonly mechanism: Mechanism;
  /** Programs answer calls by themselves. */
  readonly inline?: Inline | undefined;
  /** Stay as the parent of the command, also where that need not be. */
  readonly stay?: boolean | undefined;
  /** The record that the program seccomp-spoof (csrc/front) made, and where in its arguments the command starts. */
  readonly recorded?: { readonly state: number; readonly first: number } | undefined;
  /** The statistics segment. */
  readonly segment?: number | undefined;
  /** The log file, opened for appending. */
  readonly log?: { readonly fd: number; readonly level: LogLevel } | undefined;
  /** Say on standard error which mechanism was chosen. */
  readonly verbose?: boolean | undefined;
  /** No warnings on standard error. */
  readonly quiet?: boolean | undefined;
}

type Settled = Pick<StartRequest, 'mechanism' | 'inline' | 'stay' | 'verbose' | 'quiet'>;

/** How the supervisor calls itself in a list of processes. */
export const SUPERVISOR_NAME = 'seccomp-spoof-supervisor';

/** Those arguments that name no descriptor. */
export function settledArguments({ mechanism, inline, stay, verbose, quiet }: Settled): string[] {
  return [
    ...['--mechanism', mechanism],
    ...(inline === undefined || inline === 'off' ? [] : ['--inline', inline]),
    ...(stay === true ? ['--stay'] : []),
    ...(verbose === true ? ['--verbose'] : []),
    ...(quiet === true ? ['--quiet'] : []),
  ];
}

/** The arguments of `supervisor start` (docs/architecture.md), up to the command. */
export function startArguments(request: StartRequest): string[] {
  const words = ['start'];
  if (request.recorded !== undefined) {
    words.push('--state', String(request.recorded.state));
    words.push('--first', String(request.recorded.first));
  }
  words.push('--policy', String(request.policy));
  if (request.segment !== undefined) words.push('--segment', String(request.segment));
  if (request.log !== undefined) {
    words.push('--log', String(request.log.fd), '--log-level', request.log.level);
  }
  return [...words, ...settledArguments(request)];
}
