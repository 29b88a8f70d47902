/** Reads files that a user has named: policies, and content beside them. */
import { constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';

import { messageOf, systemCode } from '../errors.js';
import { DistrustError, openTrusted, pathOf, withFile } from './trust.js';

/** Bytes of the largest file: far above any real one, far below what exhausts memory. */
const MAX_BYTES = 1 << 20;

/** How long a pipe may have nobody who writes to it, and how long the writing may take. */
const WRITER_MS = 2000;
const END_MS = 60_000;
const PAUSE_MS = 2;

/** What is wrong with a file that cannot be read, in words. */
const REASONS: Partial<Record<string, string>> = {
  EACCES: 'may not be read',
  EISDIR: 'is a directory',
  ELOOP: 'is a loop of symbolic links',
  ENAMETOOLONG: 'has too long a name',
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
};

/** Why a file could not be read, to be put behind its name. */
export function reasonOf(error: unknown): string {
  if (error instanceof DistrustError) {
    return `is not used by root, as others could have written it: ${error.message}`;
  }
  return REASONS[systemCode(error) ?? ''] ?? messageOf(error);
}

/** What to do about it; `otherwise`: where the file itself is at fault. */
export function adviceOn(error: unknown, otherwise: string): string {
  return error instanceof DistrustError
    ? 'give it to root and take the right to write from others, or say --insecure-policy ' +
        '(library: insecurePolicy)'
    : otherwise;
}

/** Who has a say in what is read. */
export interface Reading {
  /** Root uses files that others could have written, too. */
  readonly insecure?: boolean | undefined;
}

/** What a path leads to if it is neither a file nor a pipe. */
function kindOf(info: Stats): string | undefined {
  if (info.isFile() || info.isFIFO()) return undefined;
  if (info.isDirectory()) return 'is a directory';
  return info.isSocket() ? 'is a socket' : 'is a device, or a terminal';
}

/** Opens what is right. Nothing else is opened: a device may do something then, a FIFO wait. */
function openForReading(
  path: string,
  { insecure = false }: Reading,
  whatIsWrong: (info: Stats) => string | undefined,
): number {
  const fault = whatIsWrong(statSync(path));
  if (fault !== undefined) throw new Error(fault);
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  // Anybody but root can only harm himself.
  if (insecure || process.geteuid?.() !== 0) return openSync(path, flags);
  return withFile(openTrusted(path, 0), (fd) => openSync(pathOf(fd), flags));
}

/** Waits a moment; throws `fault` if it has been too long since `begun`. */
function pause(begun: number, limit: number, fault: string): void {
  if (performance.now() - begun > limit) throw new Error(fault);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

/** The number of bytes, or undefined where a writer has not written yet. */
function readSome(fd: number, chunk: Buffer): number | undefined {
  try {
    return readSync(fd, chunk);
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return undefined;
    throw error;
  }
}

function readAll(fd: number): Buffer {
  const isPipe = fstatSync(fd).isFIFO();
  const begun = performance.now();
  const chunks: Buffer[] = [];
  let length = 0;
  let isWritten = false;
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 << 10);
    const count = readSome(fd, chunk);
    if (count === 0 && (isWritten || !isPipe)) return Buffer.concat(chunks);
    if (count === undefined) {
      isWritten = true;
      pause(begun, END_MS, `was not written to its end within ${END_MS / 1000} seconds`);
    } else if (count === 0) {
      pause(begun, WRITER_MS, 'is a pipe that nobody writes to');
    } else {
      isWritten = true;
      chunks.push(chunk.subarray(0, count));
      length += count;
      if (length > MAX_BYTES) throw new Error('is larger than 1 MiB');
    }
  }
}

/** The bytes of a file of at most 1 MiB; a pipe will do. Throws what reasonOf() puts in words. */
export function readBytes(path: string, reading: Reading): Buffer {
  return withFile(openForReading(path, reading, kindOf), readAll);
}

/** The text of such bytes. Throws what reasonOf() puts in words. */
export function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('is not UTF-8 text');
  }
}

/** The bytes of a regular file of at most 1 MiB. Throws what reasonOf() puts in words. */
export function readContent(path: string, reading: Reading): Buffer {
  const whatIsWrong = (info: Stats): string | undefined =>
    info.isFIFO() ? 'is not a regular file' : kindOf(info);
  return withFile(openForReading(path, reading, whatIsWrong), readAll);
}
