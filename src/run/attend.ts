/**
 * `exec --stats`: this process stays, as an ordinary parent in the command's process group, passes
 * signals on, ends as the command ended, and then says what was counted.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { lstatSync } from 'node:fs';

import { messageOf, SpoofError, SupervisorError, systemCode } from '../errors.js';
import { forbidCoreDump } from '../native/library.js';
import { newSegment } from '../native/statistics.js';
import { endBySignal } from './ending.js';
import { starterFor } from './exec.js';
import type { ExecRequest } from './exec.js';
import { openDescriptors } from './origin.js';
import { SUPERVISOR_NAME } from './start.js';
import { readStatistics } from './statistics.js';
import type { Statistics } from './statistics.js';

/** Sent to this process alone, as a rule: the command is to get them too. */
const PASSED_ON = [
  'SIGHUP',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGWINCH',
  'SIGCONT',
] as const;

/** From the terminal these reach the whole group: the command decides what they mean. */
const LEFT_TO_THE_COMMAND = ['SIGINT', 'SIGQUIT'] as const;

/** What the starter ends with if it could not do its work. */
const START_FAILED = 125;

/** How the command ended: with a status (0 to 255) or by a signal. */
export type Ending = { readonly status: number } | { readonly signal: NodeJS.Signals };

/** What became of a command that was attended. */
export interface Attended {
  readonly ending: Ending;
  /** Undefined if the command was never started: the starter has said why. */
  readonly statistics: Statistics | undefined;
  /** Why there are none, where they cannot be read: the command has its own status all the same. */
  readonly problem: string | undefined;
}

/** How often a start is tried while Node closes descriptors of its own. */
const TRIES = 10;

/** These descriptors, each under its own number. */
function sameNumbers(descriptors: readonly number[]): StdioOptions {
  const passed = new Set(descriptors);
  const highest = Math.max(2, ...descriptors);
  return Array.from({ length: highest + 1 }, (_, fd) => (passed.has(fd) ? fd : 'ignore'));
}

/** Not of those by which others were listed; nor is a file asked that may not answer. */
const isOpen = (fd: number): boolean =>
  lstatSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false }) !== undefined;

/** As spawn: what was open when it was listed may be closed by now, and then nothing was started. */
function start(supervisor: string, words: readonly string[], list: () => number[]): ChildProcess {
  for (let tries = 1; ; tries++) {
    try {
      return spawn(supervisor, words, { argv0: SUPERVISOR_NAME, stdio: sameNumbers(list()) });
    } catch (error) {
      if (tries === TRIES || systemCode(error) !== 'EBADF') throw error;
    }
  }
}

function relaySignals(pass: (signal: NodeJS.Signals) => void): () => void {
  const ignore = (): void => undefined;
  for (const signal of PASSED_ON) process.on(signal, pass);
  for (const signal of LEFT_TO_THE_COMMAND) process.on(signal, ignore);
  return () => {
    for (const signal of PASSED_ON) process.removeListener(signal, pass);
    for (const signal of LEFT_TO_THE_COMMAND) process.removeListener(signal, ignore);
  };
}

async function endOf(child: ChildProcess, supervisor: string): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      const message = `cannot run ${supervisor}: ${messageOf(error)}; install the package again`;
      reject(new SupervisorError(message, { cause: error }));
    });
    child.once('exit', (status, signal) => {
      resolve(signal === null ? { status: status ?? 0 } : { signal });
    });
  });
}

function counted(segment: number, blob: Uint8Array, ending: Ending): Omit<Attended, 'ending'> {
  try {
    const statistics = readStatistics(segment, blob);
    const refused = 'status' in ending && ending.status === START_FAILED;
    const isStarted = !refused || statistics.workerStarts > 0;
    return { statistics: isStarted ? statistics : undefined, problem: undefined };
  } catch (error) {
    if (!(error instanceof SpoofError)) throw error;
    return { statistics: undefined, problem: messageOf(error) };
  }
}

/**
 * Runs the command and waits for it. Throws InstallError, NativeError or SupervisorError if it
 * could not be started.
 */
export async function attendCommand(request: ExecRequest): Promise<Attended> {
  const segment = newSegment();
  const { supervisor, policy, state, words } = starterFor(request, segment);
  let descriptors = () => openDescriptors().filter(isOpen);
  if (state === undefined) {
    words.push('--', ...process.argv.slice(2 + request.first));
    // Without a record the starter closes nothing.
    const { log } = request;
    descriptors = () => [0, 1, 2, policy, segment, ...(log === undefined ? [] : [log.fd])];
  }
  // First the handlers: a signal must not end this process behind the back of the command.
  const running: { child?: ChildProcess } = {};
  const stopRelaying = relaySignals((signal) => running.child?.kill(signal));
  try {
    const child = start(supervisor, words, descriptors);
    running.child = child;
    const ending = await endOf(child, supervisor);
    return { ending, ...counted(segment, request.blob, ending) };
  } finally {
    stopRelaying();
  }
}

/**
 * Ends this process as the command ended, so that its parent sees the same wait status (without a
 * second core dump).
 */
export function endLike(ending: Ending): never {
  if ('status' in ending) process.exit(ending.status);
  forbidCoreDump();
  return endBySignal(ending.signal);
}
