/** The in-place hand-over: this process becomes the supervisor's starter, and that the command. */
import { StateError } from '../errors.js';
import { becomeProgram, memfd } from '../native/handover.js';
import { supervisorPath } from '../native/paths.js';
import { openDescriptors, rawArguments, rawEnvironment, recordedState } from './origin.js';
import { startArguments, SUPERVISOR_NAME } from './start.js';
import type { Inline, LogLevel, Mechanism } from './start.js';

/** What `exec` has decided when it hands over. */
export interface ExecRequest {
  /** The compiled policy. */
  readonly blob: Uint8Array;
  /** Where the command starts in `process.argv.slice(2)`. */
  readonly first: number;
  readonly mechanism: Mechanism;
  readonly inline?: Inline | undefined;
  /** A parent of the command stays, also where it need not. */
  readonly stay?: boolean | undefined;
  /** The log file, opened for appending. */
  readonly log?: { readonly fd: number; readonly level: LogLevel } | undefined;
  readonly verbose: boolean;
  readonly quiet: boolean;
}

/** The command's words where nothing recorded them: `node dist/command/cli.js exec ...`. */
function unrecordedCommand(first: number): Buffer[] {
  const words = rawArguments(process.argv.length - 2 - first);
  if (words.every((word) => word.length > 0)) return words;
  throw new StateError(
    'an empty argument cannot be handed over from here; start the command `seccomp-spoof`, not cli.js',
  );
}

/** The starter's program and arguments, and the descriptors that they name. */
export function starterFor(request: ExecRequest, segment?: number) {
  const supervisor = supervisorPath();
  const policy = memfd('seccomp-spoof-policy', request.blob, true);
  const state = recordedState();
  const recorded = state === undefined ? undefined : { state, first: request.first };
  const words = startArguments({ ...request, policy, segment, recorded });
  return { supervisor, policy, state, words };
}

/**
 * Becomes the command. Returns never; throws InstallError, NativeError or StateError while this
 * process can still say so. Later failures end with 125, 126 or 127 in the starter.
 */
export function becomeCommand(request: ExecRequest): never {
  const { supervisor, policy, state, words } = starterFor(request);
  const starter = [SUPERVISOR_NAME, ...words];
  if (state !== undefined) {
    // The record holds the command's environment; the starter itself needs none.
    becomeProgram(supervisor, starter, [], openDescriptors());
  }
  const command = unrecordedCommand(request.first);
  // Nobody knows which of the other descriptors were inherited and which are Node's.
  const keep = [0, 1, 2, policy, ...(request.log === undefined ? [] : [request.log.fd])];
  becomeProgram(supervisor, [...starter, '--', ...command], rawEnvironment(), keep);
}
