import { openSync } from 'node:fs';

import { FileError, messageOf } from '../errors.js';

/**
 * Opens a log file for appending; it is made (0644 less the umask) if there is none. `name` is how
 * the user called it. Throws FileError.
 */
export function openLog(path: string, name: string): number {
  try {
    return openSync(path, 'a', 0o644);
  } catch (error) {
    throw new FileError(
      path,
      `cannot open the log file ${name}: ${messageOf(error)}; choose a file that can be written`,
      { cause: error },
    );
  }
}

/** What the line says that Node writes before the hand-over. */
export interface PolicyLine {
  /** The policies, as the user named them. */
  readonly names: readonly string[];
  /** Number of rules. */
  readonly rules: number;
  /** Number of words of the command: the words themselves may hold secrets. */
  readonly command: number;
}

/** Writes the line `policy` to the open log file; later lines come from the guardian. */
export async function logPolicy(fd: number, line: PolicyLine): Promise<void> {
  // Loaded here only: it costs 15 ms. Synchronous: the process is about to become another one.
  const { default: pino } = await import('pino');
  const logger = pino({ base: { pid: process.pid } }, pino.destination({ dest: fd, sync: true }));
  logger.info(line, 'policy');
}
