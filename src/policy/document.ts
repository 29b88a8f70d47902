/**
 * From the text of a policy file to its own rules: YAML, schema, and what only one file can tell
 * (ties, names of rules), with the position of every fault.
 */
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

import { KERNEL_TYPES, spellingOf } from './filesystems.js';
import { targetsOf } from './merge.js';
import { ANSWER_FIELDS, type AnswerField, type Selector, type StatfsRule } from './normalised.js';
import type { Problem } from './problem.js';
import {
  describeValue,
  keysAt,
  LATER_SECTIONS,
  policySchema,
  SPELT_KEYS,
  type PolicyDocument,
} from './schema.js';
import { suggest } from './suggest.js';

/** An entry of `extends` or `remove`, with the means to say where it stands. */
export interface Reference {
  readonly text: string;
  /** A problem at the place of this entry. */
  problem(message: string, suggestion?: string): Problem;
}

/** One policy file by itself: nothing that it extends is merged in. */
export interface PolicyFile {
  readonly name: string;
  readonly description: string | undefined;
  readonly extends: readonly Reference[];
  readonly remove: readonly Reference[];
  readonly statfs: readonly StatfsRule[];
  /** A problem at the place of the policy's name. */
  nameProblem(message: string, suggestion?: string): Problem;
}

/** What came of reading a file: the file, or at least one problem. */
export type FileResult =
  | { readonly file: PolicyFile; readonly problems: readonly [] }
  | { readonly file: undefined; readonly problems: readonly Problem[] };

type Path = readonly PropertyKey[];
type Issue = NonNullable<ReturnType<typeof policySchema.safeParse>['error']>['issues'][number];

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

const MISSING: Partial<Record<string, string>> = {
  apiVersion: 'write apiVersion: seccomp-spoof/v1',
  name: 'write name: and a name',
  when: 'write when: { type: 9p }',
  answer: 'write answer: { type: ext4 }',
};

const EXPECTED: Partial<Record<string, readonly [what: string, advice: string]>> = {
  array: ['a list', 'write [ ] around it'],
  object: ['a map', 'write key: value'],
  string: ['text', 'write it in quotes'],
};

/** The text of a file with its parsed tree: makes problems out of places in it. */
class Source {
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

  /** 1-based line of the value at `path`. */
  line(path: Path): number {
    return this.#lines.linePos(this.#range(path, false)[0]).line;
  }

  /** A problem with the value at `path` (or with its key), or with what holds it if it is missing. */
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

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (holder, step) =>
      typeof holder === 'object' && holder !== null ? Reflect.get(holder, step) : undefined,
    value,
  );
}

/** The faults that one issue of zod stands for, in our words and at their places. */
function explain(issue: Issue, value: unknown, source: Source): Problem[] {
  const { path } = issue;
  const last = path.at(-1);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const later = path.length === 0 && LATER_SECTIONS.includes(key);
      const known = keysAt(path);
      const near = suggest(key, known);
      const message = later
        ? `"${key}:" rules are not available in this version`
        : `${JSON.stringify(key)} is not a key here`;
      const suggestion = later
        ? 'remove the section'
        : near === undefined
          ? `write one of ${known.join(', ')}`
          : `did you mean ${near}?`;
      return source.problem([...path, key], message, suggestion, true);
    });
  }
  const found = valueAt(value, path);
  if (found === undefined) {
    const key = String(last ?? '');
    const message = `the key "${key}" is missing`;
    return [source.problem(path, message, MISSING[key])];
  }
  if (issue.code === 'invalid_type') {
    const [what, advice] = EXPECTED[issue.expected] ?? [issue.expected, undefined];
    const message = `expected ${what}, found ${describeValue(found)}`;
    return [source.problem(path, message, advice)];
  }
  if (issue.code === 'invalid_value') {
    const message = `${describeValue(found)} is not known here`;
    const suggestion = `write ${issue.values.map(String).join(' or ')}`;
    return [source.problem(path, message, suggestion)];
  }
  const suggestion: unknown = issue.code === 'custom' ? issue.params?.['suggestion'] : undefined;
  const advice = typeof suggestion === 'string' ? suggestion : undefined;
  return [source.problem(path, issue.message, advice)];
}

function selectorOf(part: { type?: number[] | undefined; path?: string[] | undefined }): Selector {
  return { types: [...new Set(part.type ?? [])], paths: part.path ?? [] };
}

/**
 * The exceptions of a rule. One that names no type must not reach memory and the kernel's own
 * filesystems by a wide glob, so these are excepted without being written down.
 */
function effectiveExceptions(when: Selector, except: Selector): Selector {
  if (when.types.length > 0) return except;
  return { types: [...new Set([...except.types, ...KERNEL_TYPES])], paths: except.paths };
}

function toRule(
  document: PolicyDocument,
  rule: NonNullable<PolicyDocument['statfs']>[number],
  index: number,
  origin: string,
): StatfsRule {
  const when = selectorOf(rule.when);
  const answer: Partial<Record<AnswerField, bigint>> = {};
  for (const field of ANSWER_FIELDS) {
    const value = rule.answer[field];
    if (value !== undefined) answer[field] = value;
  }
  return {
    id: `${document.name}/${rule.id ?? `statfs/${index + 1}`}`,
    origin,
    when,
    except: effectiveExceptions(when, selectorOf(rule.except ?? {})),
    answer,
  };
}

/** Rules of one file that say the same thing twice: which of them holds would be chance. */
function findTies(rules: readonly StatfsRule[], source: Source): Problem[] {
  const problems: Problem[] = [];
  const ids = new Map<string, StatfsRule>();
  const targets = new Map<string, StatfsRule>();
  for (const [index, rule] of rules.entries()) {
    const twin = ids.get(rule.id);
    if (twin !== undefined) {
      const message = `the id of this rule is that of the rule at ${twin.origin}: ${rule.id}`;
      problems.push(source.problem(['statfs', index, 'id'], message, 'write another id'));
    }
    ids.set(rule.id, rule);
    for (const { key, type, path } of targetsOf(rule)) {
      const earlier = targets.get(key);
      targets.set(key, rule);
      if (earlier === undefined || earlier === rule) continue;
      const what = [
        ...(type === undefined ? [] : [`type ${spellingOf(type)}`]),
        ...(path === undefined ? [] : [`path ${path}`]),
      ].join(', ');
      const message = `a rule for ${what} stands at ${earlier.origin} already`;
      const suggestion = 'join the two rules, or name a path in one of them';
      problems.push(source.problem(['statfs', index, 'when'], message, suggestion));
      break;
    }
  }
  return problems;
}

/** Reads the text of one policy file; `file` is how messages call it. */
export function readDocument(text: string, file: string): FileResult {
  const source = new Source(text, file);
  const yamlProblems = source.yamlProblems();
  if (yamlProblems.length > 0) return { file: undefined, problems: yamlProblems };

  let value: unknown;
  try {
    value = source.value();
  } catch (error) {
    // Thrown for aliases that multiply each other ("billion laughs").
    const message = error instanceof Error ? error.message : String(error);
    return { file: undefined, problems: [source.problem([], message, 'write it out')] };
  }
  if (typeof value !== 'object' || value === null) {
    const message = `expected a policy, found ${value === null ? 'nothing' : describeValue(value)}`;
    return { file: undefined, problems: [source.problem([], message, MISSING['apiVersion'])] };
  }
  const parsed = policySchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .flatMap((issue) => explain(issue, value, source))
      .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
    return { file: undefined, problems };
  }

  const document = parsed.data;
  const statfs = (document.statfs ?? []).map((rule, index) =>
    toRule(document, rule, index, `${file}:${source.line(['statfs', index])}`),
  );
  const ties = findTies(statfs, source);
  if (ties.length > 0) return { file: undefined, problems: ties };

  const references = (key: 'extends' | 'remove'): Reference[] =>
    (document[key] ?? []).map((text, index) => ({
      text,
      problem: (message, suggestion) => source.problem([key, index], message, suggestion),
    }));
  return {
    file: {
      name: document.name,
      description: document.description,
      extends: references('extends'),
      remove: references('remove'),
      statfs,
      nameProblem: (message, suggestion) => source.problem(['name'], message, suggestion),
    },
    problems: [],
  };
}
