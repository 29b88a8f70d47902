/**
 * How this process came to be: through the program seccomp-spoof (csrc/front), which recorded what
 * the command must inherit, or by a plain `node dist/command/cli.js`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';

import { StateError } from '../errors.js';

function descriptorFrom(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new StateError(
    `${name} in the environment is ${JSON.stringify(text)}, which is no descriptor; ` +
      'it is for seccomp-spoof itself: unset it',
  );
}

/**
 * The descriptor of what the program seccomp-spoof (csrc/front) recorded, or undefined if it did not
 * run. Throws StateError if the environment says something that is no descriptor.
 */
export function recordedState(): number | undefined {
  return descriptorFrom('SECCOMP_SPOOF_STATE');
}

/**
 * The directory that relative paths of the command line start from; undefined: the current one.
 * Where that is deleted, the front has left it and kept an O_PATH descriptor. Throws StateError.
 */
export function baseDirectory(): string | undefined {
  const fd = descriptorFrom('SECCOMP_SPOOF_CWD_FD');
  return fd === undefined ? undefined : `/proc/self/fd/${fd}`;
}

/** The working directory, or none if it is deleted. */
export function workingDirectory(): string[] {
  try {
    return [process.cwd()];
  } catch {
    return [];
  }
}

/** A path of the command line as this process has to open it. */
export function resolvePath(path: string): string {
  const base = baseDirectory();
  // No path.join: it would take `..` off the base as text.
  return base === undefined || isAbsolute(path) ? path : `${base}/${path}`;
}

/** Where /proc cannot be read: numbers up to here are taken for open. */
const DESCRIPTORS_WITHOUT_PROC = 1024;

/**
 * All open descriptors, Node's own included. The starter is to get every one of them under its own
 * number: Node has marked those that it inherited close-on-exec, and nothing tells them from its
 * own; the starter knows the record and closes what is not in it.
 */
export function openDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    return Array.from({ length: DESCRIPTORS_WITHOUT_PROC }, (_, fd) => fd);
  }
}

/** The NUL-terminated strings of a file in /proc/self. */
function stringsOf(file: string): Buffer[] {
  const bytes = readFileSync(file);
  const strings: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0, at);
    strings.push(bytes.subarray(at, end < 0 ? bytes.length : end));
    at = end < 0 ? bytes.length : end + 1;
  }
  return strings;
}

/** The last `count` arguments of this process, byte for byte: JavaScript's are UTF-8 only. */
export function rawArguments(count: number): Buffer[] {
  const all = stringsOf('/proc/self/cmdline');
  return count === 0 ? [] : all.slice(-count);
}

/** The environment that this process was started with, byte for byte. */
export function rawEnvironment(): Buffer[] {
  return stringsOf('/proc/self/environ').filter((each) => each.length > 0);
}
