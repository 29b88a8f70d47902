import { writeSync } from 'node:fs';

import { systemCode } from '../errors.js';

/** Where a command says something: standard output for answers, standard error for the rest. */
export interface Io {
  /** Writes `text` as it is (no newline is added) to standard output. */
  out(text: string): void;
  /** Writes `text` as it is (no newline is added) to standard error. */
  err(text: string): void;
}

/** A full pipe that somebody made non-blocking is tried again after this long. */
const RETRY_MS = 2;

/**
 * Writes all of `text` to the descriptor before it returns. A reader that is gone (`| head`) or a
 * descriptor that is closed is no error: nobody is left to be told.
 */
export function writeAll(fd: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const code = systemCode(error);
      if (code === 'EPIPE' || code === 'EBADF') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** The real standard streams, by plain synchronous writes. */
export const standardIo: Io = {
  out: (text) => {
    writeAll(1, text);
  },
  err: (text) => {
    writeAll(2, text);
  },
};

/**
 * Puts stand-ins in the place of `process.stdout` and `process.stderr`. Their first use makes the
 * open file behind a pipe O_NONBLOCK, and the wrapped command shares that open file; importing
 * yargs is enough (it looks at `process.stdout.columns`).
 */
export function replaceStandardStreams(): void {
  for (const [name, fd] of [
    ['stdout', 1],
    ['stderr', 2],
  ] as const) {
    const standIn = {
      fd,
      isTTY: false,
      writable: true,
      write: (chunk: unknown): boolean => {
        writeAll(fd, chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : String(chunk));
        return true;
      },
    };
    Object.defineProperty(process, name, { configurable: true, enumerable: true, value: standIn });
  }
}
