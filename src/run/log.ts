/** The log file: opened here, written by the guardian. Nothing waits for a pipe that nobody reads. */
import { constants, openSync, writeSync } from 'node:fs';

import { FileError, messageOf, systemCode } from '../errors.js';

const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;

export const LOG_ADVICE = 'choose a file that can be written';

/**
 * Opens a log file for appending; it is made (0644 less the umask) if there is none. `name` is how
 * the user called it. Throws FileError, also for a FIFO that nobody has opened for reading.
 */
export function openLog(path: string, name: string): number {
  try {
    return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK, 0o644);
  } catch (error) {
    const why =
      systemCode(error) === 'ENXIO' ? 'it is a pipe or socket without a reader' : messageOf(error);
    throw new FileError(path, `cannot open the log file ${name}: ${why}; ${LOG_ADVICE}`, {
      cause: error,
    });
  }
}

/** Writes a line, or drops it where a pipe is full. Throws FileError: a full disk is told at once. */
function writeLine(fd: number, line: string, name: string): void {
  try {
    writeSync(fd, line);
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return;
    throw new FileError(
      name,
      `cannot write to the log file ${name}: ${messageOf(error)}; ${LOG_ADVICE}`,
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

/**
 * Writes the line `policy` to the open log file, which the user called `name`; later lines come from
 * the guardian. Throws FileError.
 */
export async function logPolicy(fd: number, name: string, line: PolicyLine): Promise<void> {
  // Loaded here only: it costs 15 ms. Synchronous: the process is about to become another one.
  const { default: pino } = await import('pino');
  const write = (text: string): void => {
    writeLine(fd, text, name);
  };
  pino({ base: { pid: process.pid } }, { write }).info(line, 'policy');
}
