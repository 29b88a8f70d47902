/** The text of a policy file as YAML: its values, and the place of each for messages. */
import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type Pair,
  type Scalar,
} from 'yaml';

import type { Path, Places, Problem } from './problem.js';
import { SPELT_KEYS } from './schema.js';

const TEXT_MAX = 60;

/** Advice for the errors of YAML that users really make; others are clear by themselves. */
const YAML_ADVICE: Partial<Record<string, string>> = {
  BAD_ALIAS: 'quote a text that begins with *',
  BAD_INDENT: 'check the indentation, and that brackets are closed',
  BLOCK_AS_IMPLICIT_KEY: 'quote a text with ": " in it',
  DUPLICATE_KEY: 'join the two or remove one',
  MISSING_CHAR: 'add what is missing',
  MULTIPLE_DOCS: 'write one policy a file',
  NON_STRING_KEY: 'write a plain word before the colon',
  TAB_AS_INDENT: 'indent with spaces',
  TAG_RESOLVE_FAILED: 'quote a text that begins with !',
  UNEXPECTED_TOKEN: 'remove it',
};

/** The text of a file with its parsed tree: makes problems out of places in it. */
export class Source implements Places {
  readonly #file: string;
  readonly #text: string;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;

  constructor(text: string, file: string) {
    this.#file = file;
    this.#text = text;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      intAsBigInt: true,
      prettyErrors: false,
      schema: 'core',
      stringKeys: true,
      version: '1.2',
    });
  }

  /** `FILE:LINE`. */
  origin(path: Path): string {
    return `${this.#file}:${this.#lines.linePos(this.#range(path, false)[0]).line}`;
  }

  /** `FILE:LINE:COLUMN`. */
  position(path: Path): string {
    const { line, col } = this.#lines.linePos(this.#range(path, false)[0]);
    return `${this.#file}:${line}:${col}`;
  }

  /** At the place of the value or its key, or of what holds it if it is missing. */
  problem(path: Path, message: string, suggestion: string | undefined, key = false): Problem {
    const [start, end] = this.#range(path, key);
    return this.#at(start, end, message, suggestion);
  }

  /** Faults of the YAML itself. What the parser only warns of is a fault as well. */
  yamlProblems(): Problem[] {
    const { errors, warnings } = this.#document;
    const problems = [...errors, ...warnings].map((error) => {
      const message = error.message.replace(/; please use .*$/, '');
      const quoted = this.#quote(error.pos[0], error.pos[1]);
      return this.#at(
        ...error.pos,
        quoted === '' || message.includes(quoted) ? message : `${message}, at ${quoted}`,
        YAML_ADVICE[error.code] ?? 'check quotes, brackets and indentation',
      );
    });
    visit(this.#document, {
      Alias: (_, alias) => {
        if (alias.resolve(this.#document) !== undefined) return;
        const [start, end] = rangeOf(alias);
        const message = `*${alias.source} is an alias of nothing`;
        const suggestion = `write &${alias.source} before it, or quote a text that begins with *`;
        problems.push(this.#at(start, end, message, suggestion));
      },
    });
    return problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  }

  /**
   * The tree as JavaScript values; integers are bigints, but numbers that are filesystem types or
   * answers are texts, as spelt: YAML would make 0x01021997 and 01021997 two different numbers.
   */
  value(): unknown {
    visit(this.#document, {
      Scalar: (_, scalar, ancestors) => {
        if (typeof scalar.value !== 'bigint' && typeof scalar.value !== 'number') return;
        const pair = ancestors.findLast((node): node is Pair => isPair(node));
        const key = isScalar(pair?.key) ? pair.key.value : undefined;
        if (typeof key === 'string' && SPELT_KEYS.has(key)) spell(scalar);
      },
    });
    return this.#document.toJS();
  }

  #range(path: Path, key: boolean): readonly [start: number, end: number] {
    let node: unknown = this.#document.contents;
    for (const [depth, step] of path.entries()) {
      const holder: unknown = isAlias(node) ? node.resolve(this.#document) : node;
      if (isSeq(holder) && typeof step === 'number') {
        node = holder.items[step] ?? node;
      } else if (isMap(holder)) {
        const pair = holder.items.find((item) => isScalar(item.key) && item.key.value === step);
        if (pair === undefined) break;
        node = (key && depth === path.length - 1) || !isNode(pair.value) ? pair.key : pair.value;
      } else {
        break;
      }
    }
    return isNode(node) ? rangeOf(node) : [0, 0];
  }

  #quote(start: number, end: number): string {
    // The parser often points at one character only.
    const word = /^[^\s:,[\]{}]*/.exec(this.#text.slice(start))?.[0] ?? '';
    const text =
      this.#text
        .slice(start, Math.max(end, start + word.length))
        .split('\n')[0]
        ?.trim() ?? '';
    return text === '' ? '' : JSON.stringify(text.slice(0, TEXT_MAX));
  }

  #at(start: number, end: number, message: string, suggestion: string | undefined): Problem {
    const { line, col } = this.#lines.linePos(start);
    const text = this.#text.slice(start, Math.min(end, start + TEXT_MAX)).trimEnd();
    // An empty file has no lines for the counter.
    const place = { line: Math.max(line, 1), column: Math.max(col, 1) };
    return { file: this.#file, ...place, text, message, suggestion };
  }
}

function rangeOf(node: Node): readonly [start: number, end: number] {
  return node.range === undefined || node.range === null ? [0, 0] : [node.range[0], node.range[1]];
}

function spell(scalar: Scalar): void {
  scalar.value = scalar.source ?? String(scalar.value);
}
