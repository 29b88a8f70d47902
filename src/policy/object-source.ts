/** A policy that a program has as an object: its values, as a file would say them, and their places. */
import { valueAt } from './explain.js';
import type { Path, Places, Problem } from './problem.js';
import { SPELT_KEYS } from './schema.js';

const TEXT_MAX = 60;

/** Deeper than any policy; what is deeper is not looked at, so that a circle has an end. */
const DEPTH_MAX = 16;

/** A number, where a file would have its spelling. Types are numbers to look up in hexadecimal only. */
function spelt(key: string, value: number | bigint): string {
  const isType = key === 'type' || key === 'filesystem';
  return isType && value >= 0 && (typeof value === 'bigint' || Number.isInteger(value))
    ? `0x${value.toString(16)}`
    : String(value);
}

function plain(value: unknown, key: string, depth: number): unknown {
  if (typeof value === 'bigint' || typeof value === 'number') {
    if (SPELT_KEYS.has(key)) return spelt(key, value);
    return Number.isSafeInteger(value) ? BigInt(value) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEPTH_MAX) return null;
  if (Array.isArray(value)) {
    return value.map((element: unknown) => plain(element, key, depth + 1));
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .map(([name, part]) => [name, plain(part, name, depth + 1)]),
  );
}

/** `policy`, `files`, `0`, `path`: `policy.files[0].path`. */
function spellPath(name: string, path: Path): string {
  return path.reduce<string>(
    (text, part) => text + (typeof part === 'number' ? `[${part}]` : `.${String(part)}`),
    name,
  );
}

export class ObjectSource implements Places {
  readonly #name: string;
  readonly #value: unknown;

  /** `name`: what messages call it. */
  constructor(object: object, name: string) {
    this.#name = name;
    this.#value = plain(object, '', 0);
  }

  /** As Source.value() gives it. */
  value(): unknown {
    return this.#value;
  }

  origin(path: Path): string {
    return spellPath(this.#name, path);
  }

  position(path: Path): string {
    return spellPath(this.#name, path);
  }

  problem(path: Path, message: string, suggestion: string | undefined): Problem {
    const found = valueAt(this.#value, path);
    const isText = ['string', 'number', 'bigint', 'boolean'].includes(typeof found);
    const text = isText ? String(found).slice(0, TEXT_MAX) : '';
    return { path: spellPath(this.#name, path), text, message, suggestion };
  }
}
