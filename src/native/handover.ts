/** How this process hands over to another program: memory files, and execve(2). */
import invariant from 'tiny-invariant';

import { NativeError } from '../errors.js';
import { check, cString, errnoText, native } from './library.js';

/**
 * A new memfd, close-on-exec, that holds `bytes`; with `seal` nobody can change it any more.
 * `name` shows in /proc/PID/fd. Throws NativeError (ENOSYS before Linux 3.17).
 */
export function memfd(name: string, bytes: Uint8Array, seal: boolean): number {
  const fd = native().memfd(cString(name, 'the name'), bytes, bytes.length, seal ? 1 : 0);
  return check(fd, `cannot make a memory file for the ${name}`);
}

/** NUL-terminated strings, one after the other, closed by an empty one. */
function block(strings: readonly (string | Uint8Array)[]): Buffer {
  const parts = strings.map((each) => {
    const bytes = typeof each === 'string' ? Buffer.from(each) : each;
    invariant(bytes.length > 0 && !bytes.includes(0), 'empty string or NUL in a block of strings');
    return bytes;
  });
  const end = Uint8Array.of(0);
  return Buffer.concat([...parts.flatMap((part) => [part, end]), end]);
}

/**
 * Becomes another program (execve): the descriptors in `keep` lose FD_CLOEXEC, nothing else is
 * changed. No element of `argv` or `environment` may be empty. Returns never; throws NativeError
 * if the program cannot be run.
 */
export function becomeProgram(
  path: string,
  argv: readonly (string | Uint8Array)[],
  environment: readonly (string | Uint8Array)[],
  keep: readonly number[],
): never {
  // koffi refuses a pointer to nothing, so there is always one element more than is counted.
  const descriptors = Int32Array.from([...keep, -1]);
  const result = native().exec(path, block(argv), block(environment), descriptors, keep.length);
  invariant(result < 0, 'a successful execve does not return');
  throw new NativeError(-result, `cannot run ${path}: ${errnoText(-result)}`);
}
