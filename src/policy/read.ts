/** Reads files that a user has named: policies, and content beside them. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

import { messageOf, systemCode } from '../errors.js';

/** Bytes of the largest file: far above any real one, far below what exhausts memory. */
const MAX_BYTES = 1 << 20;

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
  return REASONS[systemCode(error) ?? ''] ?? messageOf(error);
}

function readAll(fd: number): Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.alloc(64 << 10);
    const count = readSync(fd, chunk);
    if (count === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, count));
    length += count;
    if (length > MAX_BYTES) throw new Error('is larger than 1 MiB');
  }
}

/** The text of a file of at most 1 MiB; a pipe will do. Throws what reasonOf() puts in words. */
export function readText(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const bytes = readAll(fd);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw error instanceof TypeError ? new Error('is not UTF-8 text') : error;
  } finally {
    closeSync(fd);
  }
}

/** The bytes of a regular file of at most 1 MiB. Throws what reasonOf() puts in words. */
export function readContent(path: string): Uint8Array {
  // A FIFO without a writer must not stop us here.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (fstatSync(fd).isDirectory()) throw new Error('is a directory');
    if (!fstatSync(fd).isFile()) throw new Error('is not a regular file');
    return readAll(fd);
  } finally {
    closeSync(fd);
  }
}
