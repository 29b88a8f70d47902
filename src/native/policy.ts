/** Compiled policies: the builder that makes a blob, and the matcher that the supervisor runs. */
import { endianness } from 'node:os';

import invariant from 'tiny-invariant';

import { NativeError } from '../errors.js';
import {
  check,
  cString,
  ENOENT,
  ENOMEM,
  EOPNOTSUPP,
  native,
  TEXT_SIZE,
  textOf,
} from './library.js';
import type { Builder } from './library.js';

/** What a statfs rule may replace: enum spoof_statfs_field. */
export const StatfsField = {
  type: 0,
  blocks: 1,
  bfree: 2,
  bavail: 3,
  files: 4,
  ffree: 5,
  namelen: 6,
  flags: 7,
} as const;

export type StatfsField = (typeof StatfsField)[keyof typeof StatfsField];

/** What a uname rule may replace: enum spoof_uname_field. */
export const UnameField = { release: 0, version: 1 } as const;

export type UnameField = (typeof UnameField)[keyof typeof UnameField];

/** What a sysinfo rule may replace: enum spoof_sysinfo_field. */
export const SysinfoField = { totalram: 0, freeram: 1, totalswap: 2, freeswap: 3 } as const;

export type SysinfoField = (typeof SysinfoField)[keyof typeof SysinfoField];

/** What a files rule does with the files that it names: enum spoof_file_kind. */
export const FileKind = { redirect: 0, content: 1, rewrite: 2, generated: 3 } as const;

export type FileKind = (typeof FileKind)[keyof typeof FileKind];

/** Settings of a files rule: enum spoof_file_option. */
export const FileOption = {
  writes: 0,
  missing: 1,
  parents: 2,
  scopeAll: 3,
  filesystem: 4,
  mode: 5,
  tree: 6,
  maxSize: 7,
} as const;

export type FileOption = (typeof FileOption)[keyof typeof FileOption];

/** Values of FileOption.writes: enum spoof_file_writes. */
export const FileWrites = { refuse: 0n, discard: 1n, keep: 2n } as const;

const FIELD_COUNT = Object.keys(StatfsField).length;

/** Bytes of struct spoof_statfs_match: rule, mask, answers. */
const MATCH_SIZE = 8 + 8 * FIELD_COUNT;

/** Longest rule name, in bytes, without the NUL (spoof_builder_statfs). */
const NAME_MAX = 200;

const forgotten = new FinalizationRegistry<Builder>((builder) => {
  native().builderFree(builder);
});

/**
 * Makes the blob of a policy. Rules are added most important first, all statfs rules, then mounts,
 * files, uname, sysinfo; whatever follows `statfs()`, `mounts()`, `file()`, `uname()` or `sysinfo()`
 * speaks of that rule.
 * Every method throws NativeError if the library refuses the value, or the rule is of a kind that
 * has none such.
 */
export class PolicyBuilder {
  #builder: Builder | undefined;

  constructor() {
    const builder = native().builderNew();
    if (builder === null) throw new NativeError(ENOMEM, 'no memory for a policy');
    this.#builder = builder;
    forgotten.register(this, builder, this);
  }

  get #open(): Builder {
    invariant(this.#builder !== undefined, 'a policy builder is used after finish()');
    return this.#builder;
  }

  /** Starts a statfs rule. `name` (1 to 200 bytes) is how logs and statistics call it. */
  statfs(name: string): this {
    const text = cString(name, 'the rule name');
    check(native().builderStatfs(this.#open, text), `rule ${JSON.stringify(name)}`);
    return this;
  }

  /** Starts a rule for lines of mount tables. */
  mounts(name: string): this {
    const text = cString(name, 'the rule name');
    check(native().builderMounts(this.#open, text), `rule ${JSON.stringify(name)}`);
    return this;
  }

  /** Starts a rule for files; it needs a path and, by its kind, bytes or expressions. */
  file(name: string, kind: FileKind): this {
    const text = cString(name, 'the rule name');
    check(native().builderFile(this.#open, text, kind), `rule ${JSON.stringify(name)}`);
    return this;
  }

  /** Starts a rule for uname(2). Of several the first one answers. */
  uname(name: string): this {
    const text = cString(name, 'the rule name');
    check(native().builderUname(this.#open, text), `rule ${JSON.stringify(name)}`);
    return this;
  }

  /** Starts a rule for sysinfo(2). Of several the first one answers. */
  sysinfo(name: string): this {
    const text = cString(name, 'the rule name');
    check(native().builderSysinfo(this.#open, text), `rule ${JSON.stringify(name)}`);
    return this;
  }

  /** statfs: the rule holds for this filesystem type (`f_type`, 0 to 2^64-1); several: any of them. */
  whenType(type: bigint): this {
    check(native().builderWhenType(this.#open, u64(type)), 'filesystem type of a rule');
    return this;
  }

  /** mounts: the rule holds for lines with a type that this glob (`fuse.*`) matches; any of them. */
  whenFstype(glob: string): this {
    const text = cString(glob, 'the filesystem type');
    const what = `filesystem type ${JSON.stringify(glob)}`;
    check(native().builderWhenFstype(this.#open, text), what);
    return this;
  }

  /** The rule holds for paths that this glob matches; several: any of them. */
  whenPath(glob: string): this {
    const text = cString(glob, 'the path pattern');
    check(native().builderWhenPath(this.#open, text), `path pattern ${JSON.stringify(glob)}`);
    return this;
  }

  /** statfs: the rule does not hold for this filesystem type. */
  exceptType(type: bigint): this {
    check(native().builderExceptType(this.#open, u64(type)), 'excepted type of a rule');
    return this;
  }

  /** The rule does not hold for paths that this glob matches. */
  exceptPath(glob: string): this {
    const text = cString(glob, 'the path pattern');
    check(native().builderExceptPath(this.#open, text), `path pattern ${JSON.stringify(glob)}`);
    return this;
  }

  /** mounts: the rule does not hold for lines with a type that this glob matches. */
  exceptFstype(glob: string): this {
    const text = cString(glob, 'the filesystem type');
    const what = `excepted filesystem type ${JSON.stringify(glob)}`;
    check(native().builderExceptFstype(this.#open, text), what);
    return this;
  }

  /** mounts, files: the rule does not hold for programs whose file is called so (a glob). */
  exceptProgram(glob: string): this {
    const text = cString(glob, 'the program name');
    const what = `excepted program ${JSON.stringify(glob)}`;
    check(native().builderExceptProgram(this.#open, text), what);
    return this;
  }

  /**
   * mounts: the type that lines name instead, its magic number (0: unknown), and whether
   * /proc/filesystems calls it `nodev`.
   */
  answerFstype(fstype: string, magic: bigint, nodev: boolean): this {
    const text = cString(fstype, 'the filesystem type');
    const what = `filesystem type ${JSON.stringify(fstype)}`;
    check(native().builderAnswerFstype(this.#open, text, u64(magic), Number(nodev)), what);
    return this;
  }

  /** mounts: the source that lines name instead. */
  answerSource(source: string): this {
    const text = cString(source, 'the source of a mount');
    check(native().builderAnswerSource(this.#open, text), `source ${JSON.stringify(source)}`);
    return this;
  }

  /** mounts: the peer group (1 to 2^31-1) that a mount without one is said to be in. */
  answerShared(group: number): this {
    invariant(Number.isInteger(group) && group >= 0 && group < 2 ** 32, 'a group is a number');
    check(native().builderAnswerShared(this.#open, group), `peer group ${group}`);
    return this;
  }

  /**
   * files: the absolute path of a redirect, the content, or the name of the generator; once, at most
   * 1 MiB.
   */
  fileBytes(bytes: Uint8Array): this {
    check(native().builderFileBytes(this.#open, bytes, bytes.length), 'content of a rule');
    return this;
  }

  /**
   * files: in each line, every match of a POSIX extended regular expression is replaced; `\0` to
   * `\9` stand for what was matched, `\\` for a backslash. Several: one after the other.
   */
  fileRewrite(pattern: string, replacement: string): this {
    const what = `expression ${JSON.stringify(pattern)} with ${JSON.stringify(replacement)}`;
    const [expression, text] = [cString(pattern, what), cString(replacement, what)];
    check(native().builderFileRewrite(this.#open, expression, text), what);
    return this;
  }

  /** files: a setting. */
  fileOption(option: FileOption, value: bigint): this {
    check(native().builderFileOption(this.#open, option, u64(value)), 'setting of a rule');
    return this;
  }

  /** uname: the text of a field, at most 64 bytes. */
  answerUname(field: UnameField, value: string): this {
    const text = cString(value, 'the answer');
    check(native().builderAnswerUname(this.#open, field, text), `answer ${JSON.stringify(value)}`);
    return this;
  }

  /** sysinfo: the bytes of a field, at most 2^63-1. */
  answerSysinfo(field: SysinfoField, bytes: bigint): this {
    check(native().builderAnswerSysinfo(this.#open, field, u64(bytes)), `answer ${bytes}`);
    return this;
  }

  /** statfs: what the rule answers in `field` (0 to 2^64-1). */
  answer(field: StatfsField, value: bigint): this {
    check(native().builderAnswer(this.#open, field, u64(value)), 'answer of a rule');
    return this;
  }

  /** Ends the work and gives the blob; the builder cannot be used afterwards. */
  finish(): Uint8Array {
    const builder = this.#open;
    const length = check(native().builderFinish(builder, null, 0), 'cannot compile the policy');
    const blob = new Uint8Array(length);
    check(native().builderFinish(builder, blob, length), 'cannot compile the policy');
    this.#builder = undefined;
    forgotten.unregister(this);
    native().builderFree(builder);
    return blob;
  }
}

function u64(value: bigint): bigint {
  invariant(value >= 0n && value < 1n << 64n, 'a value of a rule does not fit into 64 bits');
  return value;
}

/** Why the library refuses this blob, or undefined if it can use it. */
export function checkBlob(blob: Uint8Array): string | undefined {
  const why = Buffer.alloc(TEXT_SIZE);
  if (native().policyCheck(blob, blob.length, why, why.length) === 0) return undefined;
  return textOf(why);
}

/** Groups of calls that a policy needs to have stopped: enum spoof_calls. */
export const Calls = {
  statfs: 1,
  fstatfs: 2,
  open: 4,
  statmount: 8,
  uname: 16,
  sysinfo: 64,
  paths: 32,
} as const;

/** The groups that this policy needs, as bits of Calls. Throws NativeError for a blob that is none. */
export function stoppedCalls(blob: Uint8Array): number {
  return check(native().policyCalls(blob, blob.length), 'cannot use the policy');
}

/**
 * After how many stopped calls a program answers calls by itself under this policy (`exec --inline`),
 * or why it never does. Throws NativeError for a blob that is none.
 */
export function callsBeforeInline(blob: Uint8Array): number | string {
  const why = Buffer.alloc(TEXT_SIZE);
  const result = native().policyInline(blob, blob.length, why, why.length);
  return result === -EOPNOTSUPP ? textOf(why) : check(result, 'cannot use the policy');
}

/** Which rule answers a statfs, and with what. */
export interface StatfsMatch {
  /** Number of the rule in the order in which rules were added. */
  readonly rule: number;
  /** The name that the rule was added with. */
  readonly name: string;
  /** The fields that are replaced. */
  readonly answer: ReadonlyMap<StatfsField, bigint>;
}

/**
 * Asks the matcher that the supervisor runs: which rule answers a statfs of `path` (absolute and
 * resolved; null: unknown) on a filesystem of `type`? Undefined: none, the kernel answers. Throws
 * NativeError for a blob that checkBlob() refuses.
 */
export function matchStatfs(
  blob: Uint8Array,
  type: bigint,
  path: string | null,
): StatfsMatch | undefined {
  const match = Buffer.alloc(MATCH_SIZE);
  const text = path === null ? null : cString(path, 'the path');
  check(native().matchStatfs(blob, blob.length, u64(type), text, match), 'cannot use the policy');
  invariant(endianness() === 'LE', 'only little-endian machines are supported');
  const rule = match.readInt32LE(0);
  if (rule < 0) return undefined;
  const mask = match.readUInt32LE(4);
  const answer = new Map<StatfsField, bigint>();
  for (const field of Object.values(StatfsField)) {
    if ((mask & (1 << field)) !== 0) answer.set(field, match.readBigUInt64LE(8 + 8 * field));
  }
  const name = ruleName(blob, rule);
  invariant(name !== undefined, 'a rule that matches has a name');
  return { rule, name, answer };
}

/**
 * Number of the files rule for `path` (absolute, resolved) as `program` (last part of its path; null:
 * none that is excepted) sees it. Undefined: none. Throws NativeError for a blob that checkBlob()
 * refuses.
 */
export function matchFile(
  blob: Uint8Array,
  path: string,
  program: string | null = null,
): number | undefined {
  const reader = program === null ? null : cString(program, 'the program name');
  const rule = native().matchFile(blob, blob.length, cString(path, 'the path'), reader);
  return rule === -1 ? undefined : check(rule, 'cannot use the policy');
}

/** The file in the same directory that content is made of, each time that it is asked for; null: none. */
export function generatorSource(generator: string): string | null {
  return native().generatorSource(generator);
}

/** Name of rule `rule` (from 0), or undefined behind the last one and for a blob that is none. */
export function ruleName(blob: Uint8Array, rule: number): string | undefined {
  const name = Buffer.alloc(NAME_MAX + 1);
  const length = native().ruleName(blob, blob.length, rule, name, name.length);
  if (length === -ENOENT) return undefined;
  return name.toString('utf8', 0, check(length, 'cannot read the name of a rule'));
}
