/**
 * The one file that touches koffi: csrc/spoof.h, bound function by function. Buffers cross the
 * border as they are; structures cross it as buffers whose layout spoof.h fixes, so that nothing
 * depends on how koffi maps structures.
 */
import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { getSystemErrorMap } from 'node:util';

import invariant from 'tiny-invariant';

import { InstallError, messageOf, NativeError } from '../errors.js';
import { libraryPath } from './paths.js';

/** SPOOF_ABI_VERSION of the spoof.h that this file was written for. */
const ABI_VERSION = 1;

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

const FIELD_COUNT = Object.keys(StatfsField).length;

/** Bytes of struct spoof_statfs_match: rule, mask, answers. */
const MATCH_SIZE = 8 + 8 * FIELD_COUNT;

/** The counters of struct spoof_counters in their order; eight reserved ones follow. */
const COUNTERS = [
  'stopped',
  'answered',
  'letRun',
  'fallbacks',
  'gone',
  'givenUp',
  'workerStarts',
  'eventsLost',
] as const;

const COUNTERS_SIZE = 8 * (COUNTERS.length + 8);

/** Longest rule name, in bytes, without the NUL (spoof_builder_statfs). */
const NAME_MAX = 200;

/** Room for why a blob is refused, and for the name of a reason. */
const TEXT_SIZE = 256;

/** 64 bits from C: koffi gives a number where it is exact. */
type Int64 = number | bigint;

type Builder = bigint;

/** The functions of spoof.h as koffi offers them. A buffer is lent for the time of the call. */
interface Functions {
  builderNew(): Builder | null;
  builderFree(builder: Builder): void;
  builderStatfs(builder: Builder, name: string): number;
  builderWhenType(builder: Builder, type: bigint): number;
  builderWhenPath(builder: Builder, glob: string): number;
  builderExceptType(builder: Builder, type: bigint): number;
  builderExceptPath(builder: Builder, glob: string): number;
  builderAnswer(builder: Builder, field: number, value: bigint): number;
  builderFinish(builder: Builder, out: Uint8Array | null, capacity: number): Int64;
  policyCheck(blob: Uint8Array, length: number, why: Uint8Array, capacity: number): number;
  matchStatfs(
    blob: Uint8Array,
    length: number,
    type: bigint,
    path: string | null,
    match: Uint8Array,
  ): number;
  ruleName(
    blob: Uint8Array,
    length: number,
    rule: number,
    name: Uint8Array,
    capacity: number,
  ): number;
  memfd(name: string, bytes: Uint8Array, length: number, seal: number): number;
  segmentNew(): number;
  exec(
    path: string,
    argv: Uint8Array,
    environment: Uint8Array,
    keep: Int32Array,
    count: number,
  ): number;
  segmentCounters(fd: number, counters: Uint8Array): number;
  segmentRuleHits(fd: number, rule: number): Int64;
  segmentFallback(fd: number, reason: number, name: Uint8Array, capacity: number): Int64;
}

const PROTOTYPES: Record<keyof Functions, string> = {
  builderNew: 'void *spoof_builder_new()',
  builderFree: 'void spoof_builder_free(void *builder)',
  builderStatfs: 'int32_t spoof_builder_statfs(void *builder, const char *name)',
  builderWhenType: 'int32_t spoof_builder_when_type(void *builder, uint64_t type)',
  builderWhenPath: 'int32_t spoof_builder_when_path(void *builder, const char *glob)',
  builderExceptType: 'int32_t spoof_builder_except_type(void *builder, uint64_t type)',
  builderExceptPath: 'int32_t spoof_builder_except_path(void *builder, const char *glob)',
  builderAnswer: 'int32_t spoof_builder_answer(void *builder, uint32_t field, uint64_t value)',
  builderFinish: 'int64_t spoof_builder_finish(void *builder, uint8_t *out, uint64_t capacity)',
  policyCheck:
    'int32_t spoof_policy_check(const uint8_t *blob, uint64_t length, uint8_t *why, uint64_t capacity)',
  matchStatfs:
    'int32_t spoof_match_statfs(const uint8_t *blob, uint64_t length, uint64_t type, const char *path, uint8_t *match)',
  ruleName:
    'int32_t spoof_rule_name(const uint8_t *blob, uint64_t length, uint32_t rule, uint8_t *name, uint64_t capacity)',
  memfd:
    'int32_t spoof_memfd(const char *name, const uint8_t *bytes, uint64_t length, int32_t seal)',
  segmentNew: 'int32_t spoof_segment_new()',
  exec: 'int32_t spoof_exec(const char *path, const uint8_t *argv, const uint8_t *envp, const int32_t *keep, uint32_t count)',
  segmentCounters: 'int32_t spoof_segment_counters(int32_t fd, uint8_t *counters)',
  segmentRuleHits: 'int64_t spoof_segment_rule_hits(int32_t fd, uint32_t rule)',
  segmentFallback:
    'int64_t spoof_segment_fallback(int32_t fd, uint32_t reason, uint8_t *name, uint64_t capacity)',
};

/** What this file needs of koffi. Its own types would let `any` in. */
interface Koffi {
  load(path: string | null): { func(prototype: string): (...args: never[]) => unknown };
}

function loadKoffi(): Koffi {
  try {
    // By require: 6.5 ms instead of 23 by import.
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch (error) {
    throw new InstallError(
      'koffi',
      `cannot load the module koffi: ${messageOf(error)}; ` +
        'install this package again, without --omit=optional (koffi brings its binary that way)',
      { cause: error },
    );
  }
}

function load(): Functions {
  const path = libraryPath();
  const koffi = loadKoffi();
  try {
    const library = koffi.load(path);
    const version = library.func('uint32_t spoof_abi_version()')();
    if (version !== ABI_VERSION) {
      throw new InstallError(
        path,
        `${path} has ABI version ${String(version)}, ${ABI_VERSION} is needed; ` +
          'build or install the package again, so that all of its files are of one version',
      );
    }
    const bound = Object.entries(PROTOTYPES).map(([name, prototype]) => [
      name,
      library.func(prototype),
    ]);
    return Object.fromEntries(bound) as Functions;
  } catch (error) {
    if (error instanceof InstallError) throw error;
    // koffi does not say which file it could not load.
    throw new InstallError(
      path,
      `cannot load ${path}: ${messageOf(error)}; build or install the package again`,
      { cause: error },
    );
  }
}

let loaded: Functions | undefined;

function native(): Functions {
  loaded ??= load();
  return loaded;
}

/**
 * The ABI version of the native library, which is loaded and checked by that. Throws InstallError
 * if it is missing or of another version.
 */
export function abiVersion(): number {
  native();
  return ABI_VERSION;
}

function errnoText(errno: number): string {
  const [name, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
  return `${name}: ${text}`;
}

/** The result as a number, or NativeError if it is negative: then it is -errno. */
function check(result: Int64, what: string): number {
  const value = Number(result);
  if (value >= 0) return value;
  throw new NativeError(-value, `${what}: ${errnoText(-value)}`);
}

/** C strings end at the first NUL: a text with one would be cut off silently. */
function cString(text: string, what: string): string {
  if (!text.includes('\0')) return text;
  throw new NativeError(EINVAL, `${what} ${JSON.stringify(text)} contains a NUL character`);
}

function textOf(buffer: Buffer): string {
  const end = buffer.indexOf(0);
  return buffer.toString('utf8', 0, end < 0 ? buffer.length : end);
}

const ENOENT = 2;
const EINVAL = 22;

const forgotten = new FinalizationRegistry<Builder>((builder) => {
  native().builderFree(builder);
});

/**
 * Makes the blob of a policy. Rules are added most important first; whatever follows `statfs()`
 * speaks of that rule. Every method throws NativeError if the library refuses the value.
 */
export class PolicyBuilder {
  #builder: Builder | undefined;

  constructor() {
    const builder = native().builderNew();
    if (builder === null) throw new NativeError(12, 'no memory for a policy');
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

  /** The rule holds for this filesystem type (`f_type`, 0 to 2^64-1); several: any of them. */
  whenType(type: bigint): this {
    check(native().builderWhenType(this.#open, u64(type)), 'filesystem type of a rule');
    return this;
  }

  /** The rule holds for paths that this glob matches; several: any of them. */
  whenPath(glob: string): this {
    const text = cString(glob, 'the path pattern');
    check(native().builderWhenPath(this.#open, text), `path pattern ${JSON.stringify(glob)}`);
    return this;
  }

  /** The rule does not hold for this filesystem type. */
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

  /** What the rule answers in `field` (0 to 2^64-1). */
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

/** Name of rule `rule`, or undefined behind the last one. */
export function ruleName(blob: Uint8Array, rule: number): string | undefined {
  const name = Buffer.alloc(NAME_MAX + 1);
  const length = native().ruleName(blob, blob.length, rule, name, name.length);
  if (length === -ENOENT) return undefined;
  return name.toString('utf8', 0, check(length, 'cannot read the name of a rule'));
}

/**
 * A new memfd, close-on-exec, that holds `bytes`; with `seal` nobody can change it any more.
 * `name` shows in /proc/PID/fd. Throws NativeError (ENOSYS before Linux 3.17).
 */
export function memfd(name: string, bytes: Uint8Array, seal: boolean): number {
  const fd = native().memfd(cString(name, 'the name'), bytes, bytes.length, seal ? 1 : 0);
  return check(fd, `cannot make a memory file for the ${name}`);
}

/** A new statistics segment (a memfd, close-on-exec) for `supervisor start --segment`. */
export function newSegment(): number {
  return check(native().segmentNew(), 'cannot make a memory file for the statistics');
}

/** NUL-terminated strings, one after the other, closed by an empty one. */
function block(strings: readonly (string | Uint8Array)[]): Buffer {
  const parts = strings.map((each) => {
    const bytes = typeof each === 'string' ? Buffer.from(each) : each;
    invariant(bytes.length > 0 && !bytes.includes(0), 'empty string or NUL in a block of strings');
    return bytes;
  });
  const end = Uint8Array.of(0);
  return Buffer.concat([...parts.flatMap((part) => [part, end]), end]);
}

/**
 * Becomes another program (execve): the descriptors in `keep` lose FD_CLOEXEC, nothing else is
 * changed. No element of `argv` or `environment` may be empty. Returns never; throws NativeError
 * if the program cannot be run.
 */
export function becomeProgram(
  path: string,
  argv: readonly (string | Uint8Array)[],
  environment: readonly (string | Uint8Array)[],
  keep: readonly number[],
): never {
  // koffi refuses a pointer to nothing, so there is always one element more than is counted.
  const descriptors = Int32Array.from([...keep, -1]);
  const result = native().exec(path, block(argv), block(environment), descriptors, keep.length);
  invariant(result < 0, 'a successful execve does not return');
  throw new NativeError(-result, `cannot run ${path}: ${errnoText(-result)}`);
}

const PR_SET_DUMPABLE = 4;

/** No core file if this process is killed: one that ends like its command must not replace its. */
export function forbidCoreDump(): void {
  const prctl = loadKoffi()
    .load(null)
    .func('int prctl(int option, ulong value, ulong a, ulong b, ulong c)');
  (prctl as (option: number, value: number, a: number, b: number, c: number) => number)(
    PR_SET_DUMPABLE,
    0,
    0,
    0,
    0,
  );
}

/** The counters of a statistics segment: struct spoof_counters of spoof.h. */
export type Counters = Record<(typeof COUNTERS)[number], number>;

/**
 * Reads the counters of a segment. Throws NativeError if `fd` is no segment of this version.
 * Counts beyond 2^53 lose their last digits.
 */
export function readCounters(fd: number): Counters {
  const bytes = Buffer.alloc(COUNTERS_SIZE);
  check(native().segmentCounters(fd, bytes), 'cannot read the statistics');
  const values = COUNTERS.map((name, index) => [name, Number(bytes.readBigUInt64LE(8 * index))]);
  return Object.fromEntries(values) as Counters;
}

/** How often each rule of the policy answered. */
export interface RuleHits {
  readonly rule: string;
  readonly hits: number;
}

/** Hits of every rule of `blob` that is counted one by one (the first 1024). */
export function ruleHits(fd: number, blob: Uint8Array): RuleHits[] {
  const all: RuleHits[] = [];
  for (let index = 0; ; index++) {
    const rule = ruleName(blob, index);
    if (rule === undefined) return all;
    const hits = Number(native().segmentRuleHits(fd, index));
    if (hits === -ENOENT) return all;
    all.push({ rule, hits: check(hits, 'cannot read the statistics') });
  }
}

/** How often calls were let run because they could not be answered exactly. */
export interface Fallback {
  readonly reason: string;
  readonly count: number;
}

/** All reasons for which a call may be let run, with their counts. */
export function fallbacks(fd: number): Fallback[] {
  const all: Fallback[] = [];
  for (let index = 0; ; index++) {
    const reason = Buffer.alloc(TEXT_SIZE);
    const count = Number(native().segmentFallback(fd, index, reason, reason.length));
    if (count === -ENOENT) return all;
    all.push({ reason: textOf(reason), count: check(count, 'cannot read the statistics') });
  }
}
