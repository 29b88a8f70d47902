/** What is said: a lost answer is an error, a lost remark is none; neither waits for Node's streams. */
import { writeSync } from 'node:fs';

import { messageOf, OutputError, systemCode } from '../errors.js';
import { endBySignal } from './ending.js';

/** Where a command says something: standard output for answers, standard error for the rest. */
export interface Io {
  /** Writes `text` as it is (no newline is added) to standard output. Throws OutputError. */
  readonly out: (text: string) => void;
  /** Writes `text` as it is (no newline is added) to standard error, if it can be written there. */
  readonly err: (text: string) => void;
}

export const OUTPUT_ADVICE = 'let it lead to where there is room and a reader';

/** A full pipe that somebody made non-blocking is tried again after this long. */
const RETRY_MS = 2;

/** Set by the front (csrc/front/front.c): Node has forgotten what became of SIGPIPE before it. */
const SIGPIPE_IGNORED = 'SECCOMP_SPOOF_SIGPIPE_IGNORED';

/** Writes all of `text` to the descriptor before it returns. Throws what write(2) says. */
function writeAll(fd: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** A reader that is gone (`| head`) ends this process as it would any other, unless its parent ignores that. */
function cannotSay(error: unknown): never {
  if (systemCode(error) === 'EPIPE' && process.env[SIGPIPE_IGNORED] === undefined) {
    endBySignal('SIGPIPE');
  }
  throw new OutputError(`cannot write to standard output: ${messageOf(error)}; ${OUTPUT_ADVICE}`, {
    cause: error,
  });
}

/** The real standard streams, by plain synchronous writes. */
export const standardIo: Io = {
  out: (text) => {
    try {
      writeAll(1, text);
    } catch (error) {
      cannotSay(error);
    }
  },
  err: (text) => {
    try {
      writeAll(2, text);
    } catch {
      // Nobody is left to be told; what was done, and its status, count all the same.
    }
  },
};

/**
 * Puts stand-ins in the place of `process.stdout` and `process.stderr`. Their first use makes the
 * open file behind a pipe O_NONBLOCK, and the wrapped command shares that open file; importing
 * yargs is enough (it looks at `process.stdout.columns`).
 */
export function replaceStandardStreams(): void {
  for (const [name, fd, say] of [
    ['stdout', 1, standardIo.out],
    ['stderr', 2, standardIo.err],
  ] as const) {
    const standIn = {
      fd,
      isTTY: false,
      writable: true,
      write: (chunk: unknown): boolean => {
        say(chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : String(chunk));
        return true;
      },
    };
    Object.defineProperty(process, name, { configurable: true, enumerable: true, value: standIn });
  }
}
