/**
 * Compiled policies of files that were used before: with one, neither yaml nor zod is loaded, which
 * takes longer than all the rest of `exec`. An entry holds the whole text that it was made of, and
 * is used for that very text only; a policy that depends on other files than the package's has none.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { libraryPath } from '../native/paths.js';
import { stampOf, type ShippedPolicies } from './locations.js';
import { fromJson, toJson, type CompiledPolicy } from './normalised.js';

/** Entries beyond these are removed, the oldest first. */
const MOST_ENTRIES = 64;
const LARGEST_FILE = 1 << 20;

/** What an entry is made of, and is good for. */
interface Key {
  /** The builds of the compiler, of its library, and of the policies that may be extended. */
  readonly build: string;
  /** As messages call the policy's file: rules tell where they stand. */
  readonly file: string;
  readonly text: Buffer;
}

/** The first line of an entry; text, rules and blob follow, one after the other. */
interface Head {
  readonly build: string;
  readonly file: string;
  readonly name: string;
  readonly lengths: readonly [text: number, rules: number, blob: number];
  /** Of rules and blob: a disk may have flipped a bit of them. The text is compared. */
  readonly sum: string;
}

/** One policy file and its entry. */
export class CachedFile {
  readonly #directory: string;
  readonly #key: Key;

  private constructor(directory: string, key: Key) {
    this.#directory = directory;
    this.#key = key;
  }

  /**
   * The entry of a file, whether it exists or not; undefined if there is none for such a file (a
   * pipe, a file that cannot be read) or no place for it: $XDG_CACHE_HOME/seccomp-spoof, or
   * ~/.cache/seccomp-spoof. SECCOMP_SPOOF_CACHE=off switches all of it off.
   */
  static of(file: string, path: string, shipped: ShippedPolicies): CachedFile | undefined {
    const directory = cacheDirectory();
    const text = directory === undefined ? undefined : readRegular(path);
    if (directory === undefined || text === undefined) return undefined;
    return new CachedFile(directory, { build: buildOf(shipped), file, text });
  }

  get #path(): string {
    const { file, text } = this.#key;
    return join(this.#directory, `${hash(Buffer.from(file), text)}.policy`);
  }

  /** What was kept, if it was made of this text by this build. */
  read(): CompiledPolicy | undefined {
    const bytes = isOurs(this.#directory) ? readRegular(this.#path) : undefined;
    const end = bytes?.indexOf('\n') ?? -1;
    if (bytes === undefined || end < 0) return undefined;
    const { build, file, text } = this.#key;
    try {
      const head = JSON.parse(bytes.toString('utf8', 0, end)) as Head;
      const [textLength, rulesLength, blobLength] = head.lengths;
      const rulesAt = end + 1 + textLength;
      const blobAt = rulesAt + rulesLength;
      const isIt =
        head.build === build &&
        head.file === file &&
        bytes.length === blobAt + blobLength &&
        head.sum === hash(bytes.subarray(rulesAt)) &&
        text.equals(bytes.subarray(end + 1, rulesAt));
      if (!isIt) return undefined;
      const { policy } = fromJson(bytes.toString('utf8', rulesAt, blobAt));
      return { names: [head.name], policy, blob: bytes.subarray(blobAt) };
    } catch {
      return undefined; // damaged: as if it were not there
    }
  }

  /** Keeps what was made of the text. Nothing happens where that cannot be done. */
  write({ names: [name = ''], policy, blob }: CompiledPolicy): void {
    const { build, file, text } = this.#key;
    const rules = Buffer.from(toJson({ name, description: undefined, policy }));
    const lengths = [text.length, rules.length, blob.length] as const;
    const head: Head = { build, file, name, lengths, sum: hash(rules, blob) };
    const draft = `${this.#path}.${process.pid}`;
    try {
      makeDirectory(this.#directory);
      if (!isOurs(this.#directory)) return;
      const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), text, rules, blob]);
      writeFileSync(draft, bytes, { mode: 0o600, flag: 'wx' });
      renameSync(draft, this.#path);
      removeOldest(this.#directory);
    } catch {
      // A full disk may have left a part of it; where there is no directory there is nothing.
      if (isOurs(this.#directory)) rmSync(draft, { force: true });
    }
  }
}

/** Below a directory of another user (sudo(8) may leave HOME as it is) nothing is kept. */
function cacheDirectory(): string | undefined {
  const { env } = process;
  if (env['SECCOMP_SPOOF_CACHE'] === 'off') return undefined;
  const cache = env['XDG_CACHE_HOME'] ?? '';
  const home = env['HOME'] ?? '';
  if (isAbsolute(cache)) return isOurs(cache) ? join(cache, 'seccomp-spoof') : undefined;
  return isAbsolute(home) && isOurs(home) ? join(home, '.cache/seccomp-spoof') : undefined;
}

/** Node's own `recursive` never ends where mkdir(2) says ENOENT of a directory that is there: procfs. */
function makeDirectory(directory: string): void {
  const above = dirname(directory);
  if (!existsSync(above)) makeDirectory(above);
  if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
}

/** Whoever else could write there could choose the rules. */
function isOurs(directory: string): boolean {
  try {
    const info = lstatSync(directory);
    return info.isDirectory() && info.uid === process.geteuid?.() && (info.mode & 0o022) === 0;
  } catch {
    return false;
  }
}

function readRegular(path: string): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const info = fstatSync(fd);
    return info.isFile() && info.size <= LARGEST_FILE ? readFileSync(fd) : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Another build may make another blob of the same text, and so may other policies to extend. */
function buildOf(shipped: ShippedPolicies): string {
  return [...[libraryPath(), fileURLToPath(import.meta.url)].map(stampOf), shipped.stamp()].join(
    ' ',
  );
}

/** FNV-1a, 32 bits: for a name, and to see damage; nobody else can write an entry. */
function hash(...parts: readonly Uint8Array[]): string {
  let value = 2166136261;
  for (const bytes of parts) {
    for (const byte of bytes) value = Math.imul(value ^ byte, 16777619) >>> 0;
  }
  return value.toString(16).padStart(8, '0');
}

function removeOldest(directory: string): void {
  const entries = readdirSync(directory)
    .filter((name) => name.endsWith('.policy'))
    .map((name) => ({ path: join(directory, name), time: statSync(join(directory, name)).mtimeMs }))
    .sort((a, b) => b.time - a.time);
  for (const { path } of entries.slice(MOST_ENTRIES)) rmSync(path, { force: true });
}
