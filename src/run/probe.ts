/** What the supervisor finds out about this machine: `supervisor probe --json`. */
import { execFile } from 'node:child_process';

import { messageOf, SupervisorError } from '../errors.js';
import { supervisorPath } from '../native/paths.js';
import { SUPERVISOR_NAME } from './start.js';
import { understood } from './understood.js';

/** A probe that takes longer hangs: something between us and the kernel does not answer. */
const TIME_LIMIT_MS = 20_000;

/** One thing that was tried out. */
export interface ProbeFeature {
  readonly name: string;
  readonly ok: boolean;
  /** What was seen or, if it is not ok, what is missing. */
  readonly why: string;
}

/** What was found out by trying, never by a version number. */
export interface ProbeReport {
  /** Kernel release, as uname(2) says it. */
  readonly kernel: string;
  /** Machine, as uname(2) says it: `x86_64`, `aarch64`. */
  readonly arch: string;
  /** kernel.yama.ptrace_scope, 0 to 3, or null without Yama. */
  readonly yama: number | null;
  /** Effective user id. */
  readonly uid: number;
  readonly capSysAdmin: boolean;
  readonly capSysPtrace: boolean;
  readonly features: readonly ProbeFeature[];
  /** What `--mechanism auto` takes here, or null if none works. */
  readonly mechanism: string | null;
  /** Whether `exec` then stays as the parent of the command: nobody else may read it (Yama). */
  readonly stays: boolean;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isFeature(value: unknown): value is ProbeFeature {
  return (
    isRecord(value) &&
    typeof value['name'] === 'string' &&
    typeof value['ok'] === 'boolean' &&
    typeof value['why'] === 'string'
  );
}

function isReport(value: unknown): value is ProbeReport {
  if (!isRecord(value)) return false;
  const { kernel, arch, yama, uid, capSysAdmin, capSysPtrace, features, mechanism, stays } = value;
  return (
    typeof kernel === 'string' &&
    typeof arch === 'string' &&
    (yama === null || typeof yama === 'number') &&
    typeof uid === 'number' &&
    typeof capSysAdmin === 'boolean' &&
    typeof capSysPtrace === 'boolean' &&
    Array.isArray(features) &&
    features.every(isFeature) &&
    (mechanism === null || typeof mechanism === 'string') &&
    typeof stays === 'boolean'
  );
}

/**
 * Tries out what works on this machine. Takes some milliseconds. Throws InstallError, or
 * SupervisorError if the supervisor fails or does not end within 20 seconds.
 */
export async function probe(): Promise<ProbeReport> {
  const supervisor = supervisorPath();
  const options = {
    argv0: SUPERVISOR_NAME,
    timeout: TIME_LIMIT_MS,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  } as const;
  const output = await new Promise<string>((resolve, reject) => {
    execFile(supervisor, ['probe', '--json'], options, (error, stdout, stderr) => {
      // A status that is not 0 may go with a report that says why nothing works.
      if (error === null || stdout !== '') {
        resolve(stdout);
        return;
      }
      const what =
        error.killed === true
          ? `did not end within ${TIME_LIMIT_MS / 1000} seconds`
          : `failed: ${stderr.trim() === '' ? messageOf(error) : stderr.trim()}`;
      reject(
        new SupervisorError(`${supervisor} probe ${what}; please report it`, { cause: error }),
      );
    });
  });
  return understood('report', output, (value) => (isReport(value) ? value : undefined));
}
