/**
 * Compiled policies of files that were used before: with one, neither yaml nor zod is loaded, which
 * takes longer than all the rest of `exec`. An entry holds the whole text that it was made of, and
 * is used for that very text, and the same values of its parameters, only.
 * Rule: a policy that depends on other files than the package's has none.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { libraryPath } from '../native/paths.js';
import { digest, keepEntry, type Place, placeOfEntries, readEntry } from './cache-directory.js';
import { PACKAGE_DIRECTORY, stampOf, type ShippedPolicies } from './locations.js';
import { fromJson, toJson, type CompiledPolicy } from './normalised.js';
import { readContent, type Reading } from './read.js';

/** What an entry is made of, and is good for. */
interface Key {
  /** The builds of the compiler, of its library, and of the policies that may be extended. */
  readonly build: string;
  /** As messages call the policy's file: rules tell where they stand. */
  readonly file: string;
  readonly text: Buffer;
  /** The values of its parameters that were given, as JSON. */
  readonly values: string;
}

/** The first line of an entry; text, rules and blob follow, one after the other. */
interface Head {
  readonly build: string;
  readonly file: string;
  readonly values: string;
  readonly name: string;
  readonly lengths: readonly [text: number, rules: number, blob: number];
  /** Of rules and blob: a disk may have flipped a bit of them. The text is compared. */
  readonly sum: string;
}

/** One policy file and its entry. */
export class CachedFile {
  readonly #place: Place;
  readonly #key: Key;

  private constructor(place: Place, key: Key) {
    this.#place = place;
    this.#key = key;
  }

  /**
   * The entry of a file, whether it exists or not; undefined if there is none for such a file (a
   * pipe, a file that may not be used) or no place for it.
   */
  static of(
    file: string,
    path: string,
    shipped: ShippedPolicies,
    reading: Reading,
    values: string,
  ): CachedFile | undefined {
    const place = placeOfEntries();
    const text = place === undefined ? undefined : readRegular(path, reading);
    if (place === undefined || text === undefined) return undefined;
    return new CachedFile(place, { build: buildOf(shipped), file, text, values });
  }

  /** The text of the file. */
  get text(): Buffer {
    return this.#key.text;
  }

  get #name(): string {
    const { file, text, values } = this.#key;
    return `${digest(Buffer.from(file + values), text)}.policy`;
  }

  /** What was kept, if it was made of this text by this build. */
  read(): CompiledPolicy | undefined {
    try {
      const bytes = readEntry(this.#place, this.#name);
      const end = bytes.indexOf('\n');
      const { build, file, text, values } = this.#key;
      const head = JSON.parse(bytes.toString('utf8', 0, end)) as Head;
      const [textLength, rulesLength, blobLength] = head.lengths;
      const rulesAt = end + 1 + textLength;
      const blobAt = rulesAt + rulesLength;
      const isIt =
        head.build === build &&
        head.file === file &&
        head.values === values &&
        bytes.length === blobAt + blobLength &&
        head.sum === digest(bytes.subarray(rulesAt)) &&
        text.equals(bytes.subarray(end + 1, rulesAt));
      if (!isIt) return undefined;
      const { policy, parameters = [] } = fromJson(bytes.toString('utf8', rulesAt, blobAt));
      return { names: [head.name], policy, parameters, blob: bytes.subarray(blobAt) };
    } catch {
      return undefined; // damaged, or not ours: as if it were not there
    }
  }

  /** Keeps what was made of the text. Nothing happens where that cannot be done. */
  write({ names: [name = ''], policy, parameters = [], blob }: CompiledPolicy): void {
    const { build, file, text, values } = this.#key;
    const rules = Buffer.from(toJson({ name, description: undefined, policy, parameters }));
    const lengths = [text.length, rules.length, blob.length] as const;
    const head: Head = { build, file, values, name, lengths, sum: digest(rules, blob) };
    const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), text, rules, blob]);
    keepEntry(this.#place, this.#name, bytes);
  }
}

/** The text of a regular file: a pipe can be read once only, by who needs it. */
function readRegular(path: string, reading: Reading): Buffer | undefined {
  try {
    return readContent(path, reading);
  } catch {
    return undefined;
  }
}

/** Another build may make another blob of the same text, and so may other policies to extend. */
function buildOf(shipped: ShippedPolicies): string {
  // Each part of the command line has a name of its content, which is in this one.
  const script = join(PACKAGE_DIRECTORY, 'dist/command/cli.js');
  const files = [libraryPath(), fileURLToPath(import.meta.url)];
  const all = existsSync(script) ? [...files, script] : files;
  return [...all.map(stampOf), shipped.stamp()].join(' ');
}
