/**
 * Keeps what `exec` has made of its words for a start that is the same: the front (csrc/front/again.c)
 * then becomes the supervisor without Node. Rule: whatever had a say is in the entry, and is compared.
 */
import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

import { libraryPath, supervisorPath } from '../native/paths.js';
import { digest, keepEntry, placeOfEntries, readEntry } from '../policy/cache-directory.js';
import { identityOf, namesIn, PACKAGE_DIRECTORY, stateOf } from '../policy/locations.js';
import type { ReadFile } from '../policy/normalised.js';
import type { ExecRequest } from './exec.js';
import { baseDirectory, recordedState } from './origin.js';
import { settledArguments } from './start.js';

/** The state of the script that the front started: it tells builds, and installations, from each other. */
const BUILD = 'SECCOMP_SPOOF_BUILD';
const POLICIES = join(PACKAGE_DIRECTORY, 'dist/policies');
const FORMAT = 'seccomp-spoof start 2';
/** As many words, or directories, as the front takes. */
const MOST = 64;

/** The files of this package that have a say, the supervisor first, and their state. */
export type PackageState = readonly (readonly [path: string, state: string])[];

/** What was decided, and by what. */
export interface SettledStart {
  readonly package: PackageState;
  readonly request: ExecRequest;
  /** The words behind the verb, up to the command. */
  readonly words: readonly string[];
  /** Programs that are decided otherwise: the last part of a command's path. */
  readonly programs: readonly string[];
  /** The files of the user that had a say. */
  readonly reads: readonly ReadFile[];
}

/** An absolute path without links; undefined where a link, or `..`, leads to the file. */
function plainPath(path: string): string | undefined {
  const absolute = isAbsolute(path) ? path : join(process.cwd(), path);
  const hasDots = /\/\.\.(\/|$)/.test(path.replace(/^(\.\.?\/)+/, ''));
  return !hasDots && realpathSync(absolute) === absolute ? absolute : undefined;
}

function directoriesAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...directoriesAbove(above)];
}

/** Strings with their number before them; those of one thing follow each other. */
const listOf = (things: readonly (readonly string[])[]): string[] => [
  String(things.length),
  ...things.flat(),
];

/**
 * To be called before any of them is used: of a package that is replaced meanwhile the old state is kept,
 * which no later start has. Empty where nothing is kept anyway.
 */
export function packageState(): PackageState {
  if (placeOfStarts() === undefined) return [];
  const policies = ['.json', '.blob'].flatMap((suffix) =>
    namesIn(POLICIES, suffix).map((name) => join(POLICIES, `${name}${suffix}`)),
  );
  try {
    return [supervisorPath(), libraryPath(), ...policies].map((path) => [path, stateOf(path)]);
  } catch {
    return []; // the start says what is missing
  }
}

function entryFor(build: string, start: SettledStart): Buffer | undefined {
  const { request, words, programs, reads } = start;
  const files = reads.map(({ path, text }) => ({ path: plainPath(path), text: text.toString() }));
  const texts = files.flatMap(({ path, text }) => (path === undefined ? [] : [{ path, text }]));
  // What is no text, or has a NUL, comes out otherwise than it went in.
  const areTexts = reads.every(
    ({ text }) => Buffer.from(text.toString()).equals(text) && !text.includes(0),
  );
  if (texts.length < reads.length || !areTexts) return undefined;
  const directories = [...new Set(texts.flatMap(({ path }) => directoriesAbove(path)))];
  if (Math.max(words.length, programs.length, directories.length) > MOST) return undefined;
  const isRelative = reads.some(({ path }) => !isAbsolute(path));
  const strings = [
    build,
    ...listOf(words.map((word) => [word])),
    ...listOf(programs.map((program) => [program])),
    ...(isRelative ? [process.cwd(), identityOf(process.cwd())] : ['']),
    ...listOf(directories.map((path) => [path, identityOf(path)])),
    ...listOf(texts.map(({ path, text }) => [path, identityOf(path), text])),
    ...listOf(start.package),
    ...listOf(settledArguments(request).map((word) => [word])),
  ];
  const rest = Buffer.concat([block(strings), request.blob]);
  return Buffer.concat([block([FORMAT, digest(rest)]), rest]);
}

const block = (strings: readonly string[]): Buffer =>
  Buffer.from(strings.map((each) => `${each}\0`).join(''));

function placeOfStarts(): ReturnType<typeof placeOfEntries> {
  const isOther = (process.env['SECCOMP_SPOOF_NATIVE_DIR'] ?? '') !== '';
  if (isOther || baseDirectory() !== undefined || recordedState() === undefined) return undefined;
  return placeOfEntries();
}

/** Keeps it, if it is not what was kept before. Nothing happens where that cannot be done. */
export function keepStart(start: SettledStart): void {
  const place = placeOfStarts();
  const build = process.env[BUILD];
  if (place === undefined || build === undefined || start.package.length === 0) return;
  try {
    const name = `${digest(block([build, ...start.words]))}.start`;
    const entry = entryFor(build, start);
    if (entry === undefined || isKept(place, name, entry)) return;
    keepEntry(place, name, entry);
  } catch {
    // A file has gone: the next start says so.
  }
}

function isKept(
  place: NonNullable<ReturnType<typeof placeOfEntries>>,
  name: string,
  entry: Buffer,
) {
  try {
    return readEntry(place, name).equals(entry);
  } catch {
    return false;
  }
}
