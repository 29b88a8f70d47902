/**
 * Configuration files of k3s, put together as k3s does: the file itself, then those of FILE.d in the
 * order of their names. A later value replaces an earlier one, `key+` adds to it. What cannot be read is
 * noted: k3s will say so itself.
 */
import { readdirSync } from 'node:fs';
import { parse } from 'yaml';

import { systemCode } from '../errors.js';
import { readContent, reasonOf, textOf } from '../policy/read.js';

/** An option as it was given; of those with several names the long one. */
export interface GivenOption {
  readonly name: string;
  /** Undefined: a flag without a value. */
  readonly value: string | undefined;
  /** The words that it takes on the line, from `at` on; undefined: it stands in a file. */
  readonly words?: { readonly at: number; readonly count: number };
}

/** A value as the text that it is on a line. */
function spelled(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return String(value);
  }
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value !== 'string' && spelled(value).trim() === '' ? [] : [value];
}

/** The names of further files, in the order in which they count. */
function furtherFiles(file: string): string[] {
  try {
    return readdirSync(`${file}.d`, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && /\.ya?ml$/i.test(entry.name))
      .map(({ name }) => name)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map((name) => `${file}.d/${name}`);
  } catch {
    return [];
  }
}

function readMap(file: string): ReadonlyMap<unknown, unknown> {
  const text = textOf(readContent(file, { insecure: true }));
  // k3s reads YAML 1.1, where the second of two keys counts.
  const value: unknown = parse(text, {
    version: '1.1',
    intAsBigInt: true,
    uniqueKeys: false,
    logLevel: 'error',
    mapAsMap: true,
  });
  if (value === null || value === undefined) return new Map();
  if (value instanceof Map) return value as ReadonlyMap<unknown, unknown>;
  throw new Error('it is no map');
}

/** What the files say, as options of the line. */
export function readConfig(file: string): {
  readonly options: readonly GivenOption[];
  readonly notes: readonly string[];
} {
  const values = new Map<string, unknown>();
  const notes: string[] = [];
  for (const each of [file, ...furtherFiles(file)]) {
    try {
      for (const [written, value] of readMap(each)) {
        const key = spelled(written);
        const name = key.replace(/\+$/, '');
        const old = values.get(name);
        const isMore = name !== key && values.has(name);
        values.set(name, isMore ? [...listOf(old), ...listOf(value)] : value);
      }
    } catch (error) {
      // Without the first one the others count all the same.
      if (each === file && systemCode(error) === 'ENOENT') continue;
      const [reason = ''] = reasonOf(error).split('\n');
      notes.push(`${each}: ${reason}, so it was not looked into`);
    }
  }
  const options = [...values].flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one: unknown) => ({ name, value: spelled(one) })),
  );
  return { options, notes };
}
