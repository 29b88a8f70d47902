/**
 * The directory where things are kept that were made before: $XDG_CACHE_HOME/seccomp-spoof, or
 * ~/.cache/seccomp-spoof. SECCOMP_SPOOF_CACHE=off switches all of it off.
 * Rule: read and written by descriptor, in a directory that was judged when it was held: whoever else
 * could write there, or lead us there, could choose the rules.
 */
import {
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { isNobodyHere, openTrusted, pathOf, serverOf, withFile } from './trust.js';

/** Entries beyond these are removed, the oldest first. */
const MOST_ENTRIES = 64;
/** Bytes of the largest entry. */
const LARGEST_ENTRY = 1 << 20;

/** An entry that is just being written, or whose writer was killed; and when it is the latter. */
const DRAFT = /^[0-9a-f]{8}\.[a-z]+\.\d+$/;
const DRAFT_MS = 3600_000;

/** Where entries may lie: a directory that is there, and what may be made below it. */
export interface Place {
  readonly base: string;
  readonly names: readonly string[];
}

/** Undefined where there is no such place. */
export function placeOfEntries(): Place | undefined {
  const { env } = process;
  if (env['SECCOMP_SPOOF_CACHE'] === 'off') return undefined;
  const cache = env['XDG_CACHE_HOME'] ?? '';
  const home = env['HOME'] ?? '';
  if (isAbsolute(cache)) return { base: cache, names: ['seccomp-spoof'] };
  return isAbsolute(home) ? { base: home, names: ['.cache', 'seccomp-spoof'] } : undefined;
}

function ownUser(): number {
  return process.geteuid?.() ?? -1;
}

/** Throws where it belongs to somebody else, or others can write to it, or say so. */
function mustBeOurs(fd: number): Stats {
  const info = fstatSync(fd);
  const { uid, mode } = info;
  if (uid !== ownUser() || isNobodyHere(uid) || (mode & 0o022) !== 0 || serverOf(fd) !== undefined)
    throw new Error('not ours alone');
  return info;
}

/** Throws where there is none, or it is not ours: sudo(8) may leave HOME as it is. */
function inDirectory<T>({ base, names }: Place, use: (directory: number) => T): T {
  const above = openTrusted(join(base, ...names.slice(0, -1)), ownUser());
  const directory = withFile(above, () =>
    openSync(
      `${pathOf(above)}/${names.at(-1) ?? '.'}`,
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    ),
  );
  return withFile(directory, () => {
    mustBeOurs(directory);
    return use(directory);
  });
}

/** Not by Node's `recursive`, which never ends where mkdir(2) says ENOENT of a directory that is there: procfs. */
function makeDirectories({ base, names }: Place): void {
  let above = base;
  for (const name of names) {
    withFile(openTrusted(above, ownUser()), (fd) => {
      const path = `${pathOf(fd)}/${name}`;
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, 0o700);
    });
    above = join(above, name);
  }
}

/** The bytes of an entry. Throws where there is none that is ours. */
export function readEntry(place: Place, name: string): Buffer {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  return inDirectory(place, (directory) =>
    withFile(openSync(`${pathOf(directory)}/${name}`, flags), (fd) => {
      const info = mustBeOurs(fd);
      if (!info.isFile() || info.size > LARGEST_ENTRY) throw new Error('no entry');
      return readFileSync(fd);
    }),
  );
}

/** Keeps an entry. Nothing happens where that cannot be done: no place, no room, too large. */
export function keepEntry(place: Place, name: string, bytes: Buffer): void {
  if (bytes.length > LARGEST_ENTRY) return;
  try {
    makeDirectories(place);
    inDirectory(place, (directory) => {
      writeEntry(pathOf(directory), name, bytes);
    });
  } catch {
    // It is made again next time.
  }
}

/** Under another name first: readers find a whole entry or none. */
function writeEntry(directory: string, name: string, bytes: Buffer): void {
  const path = join(directory, name);
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, bytes, { mode: 0o600, flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true }); // a full disk may have left a part of it
    throw error;
  }
  removeOldest(directory, name.slice(name.lastIndexOf('.')));
}

/** Among those of a kind; and what was left of others that were never finished. */
function removeOldest(directory: string, suffix: string): void {
  const names = readdirSync(directory);
  for (const name of names.filter((each) => DRAFT.test(each))) {
    const path = join(directory, name);
    if (lstatSync(path).mtimeMs < Date.now() - DRAFT_MS) rmSync(path, { force: true });
  }
  const entries = names
    .filter((name) => name.endsWith(suffix))
    .map((name) => ({
      path: join(directory, name),
      time: lstatSync(join(directory, name)).mtimeMs,
    }))
    .sort((a, b) => b.time - a.time);
  for (const { path } of entries.slice(MOST_ENTRIES)) rmSync(path, { force: true });
}

/** FNV-1a, 32 bits: for a name, and to see damage; nobody else can write an entry. */
export function digest(...parts: readonly Uint8Array[]): string {
  let value = 2166136261;
  for (const bytes of parts) {
    for (const byte of bytes) value = Math.imul(value ^ byte, 16777619) >>> 0;
  }
  return value.toString(16).padStart(8, '0');
}
