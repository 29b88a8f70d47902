/**
 * The one file that touches koffi: csrc/spoof.h, bound function by function, for the other files of
 * this directory. Buffers cross the border as they are; structures cross it as buffers whose layout
 * spoof.h fixes, so that nothing depends on how koffi maps structures.
 */
import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';

import { InstallError, messageOf, NativeError } from '../errors.js';
import { libraryPath } from './paths.js';

/** SPOOF_ABI_VERSION of the spoof.h that this file was written for. */
const ABI_VERSION = 4;

/** Room for why a blob is refused, and for the name of a reason. */
export const TEXT_SIZE = 256;

/** Error numbers that this directory has to know, of asm-generic/errno-base.h. */
export const ENOENT = 2;
export const EOPNOTSUPP = 95;
export const E2BIG = 7;
export const ENOMEM = 12;
export const EINVAL = 22;

/** 64 bits from C: koffi gives a number where it is exact. */
export type Int64 = number | bigint;

/** A struct spoof_builder: the address is all that JavaScript has of it. */
export type Builder = bigint;

/** The functions of spoof.h as koffi offers them. A buffer is lent for the time of the call. */
export interface Functions {
  builderNew(): Builder | null;
  builderFree(builder: Builder): void;
  builderStatfs(builder: Builder, name: string): number;
  builderMounts(builder: Builder, name: string): number;
  builderFile(builder: Builder, name: string, kind: number): number;
  builderFileBytes(builder: Builder, bytes: Uint8Array, length: number): number;
  builderFileRewrite(builder: Builder, pattern: string, replacement: string): number;
  builderFileOption(builder: Builder, option: number, value: bigint): number;
  builderUname(builder: Builder, name: string): number;
  builderWhenType(builder: Builder, type: bigint): number;
  builderWhenFstype(builder: Builder, glob: string): number;
  builderWhenPath(builder: Builder, glob: string): number;
  builderExceptType(builder: Builder, type: bigint): number;
  builderExceptPath(builder: Builder, glob: string): number;
  builderExceptFstype(builder: Builder, glob: string): number;
  builderExceptProgram(builder: Builder, glob: string): number;
  builderAnswerFstype(builder: Builder, fstype: string, magic: bigint, nodev: number): number;
  builderAnswerSource(builder: Builder, source: string): number;
  builderAnswerShared(builder: Builder, group: number): number;
  builderSysinfo(builder: Builder, name: string): number;
  builderAnswerSysinfo(builder: Builder, field: number, bytes: bigint): number;
  builderAnswerUname(builder: Builder, field: number, text: string): number;
  builderAnswer(builder: Builder, field: number, value: bigint): number;
  builderFinish(builder: Builder, out: Uint8Array | null, capacity: number): Int64;
  policyCheck(blob: Uint8Array, length: number, why: Uint8Array, capacity: number): number;
  policyCalls(blob: Uint8Array, length: number): number;
  policyInline(blob: Uint8Array, length: number, why: Uint8Array, capacity: number): number;
  matchStatfs(
    blob: Uint8Array,
    length: number,
    type: bigint,
    path: string | null,
    match: Uint8Array,
  ): number;
  matchMounts(
    blob: Uint8Array,
    length: number,
    fstype: string | null,
    point: string | null,
    program: string | null,
  ): number;
  matchFile(blob: Uint8Array, length: number, path: string, program: string | null): number;
  generatorSource(name: string): string | null;
  rewriteTable(
    blob: Uint8Array,
    length: number,
    table: number,
    program: string | null,
    text: Uint8Array,
    textLength: number,
    out: Uint8Array | null,
    capacity: number,
  ): Int64;
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
  segmentInline(fd: number, outcome: number, name: Uint8Array, capacity: number): Int64;
}

const PROTOTYPES: Record<keyof Functions, string> = {
  builderNew: 'void *spoof_builder_new()',
  builderFree: 'void spoof_builder_free(void *builder)',
  builderStatfs: 'int32_t spoof_builder_statfs(void *builder, const char *name)',
  builderMounts: 'int32_t spoof_builder_mounts(void *builder, const char *name)',
  builderFile: 'int32_t spoof_builder_file(void *builder, const char *name, uint32_t kind)',
  builderFileBytes:
    'int32_t spoof_builder_file_bytes(void *builder, const uint8_t *bytes, uint64_t length)',
  builderFileRewrite:
    'int32_t spoof_builder_file_rewrite(void *builder, const char *pattern, const char *replacement)',
  builderFileOption:
    'int32_t spoof_builder_file_option(void *builder, uint32_t option, uint64_t value)',
  builderUname: 'int32_t spoof_builder_uname(void *builder, const char *name)',
  builderWhenType: 'int32_t spoof_builder_when_type(void *builder, uint64_t type)',
  builderWhenFstype: 'int32_t spoof_builder_when_fstype(void *builder, const char *glob)',
  builderWhenPath: 'int32_t spoof_builder_when_path(void *builder, const char *glob)',
  builderExceptType: 'int32_t spoof_builder_except_type(void *builder, uint64_t type)',
  builderExceptPath: 'int32_t spoof_builder_except_path(void *builder, const char *glob)',
  builderExceptFstype: 'int32_t spoof_builder_except_fstype(void *builder, const char *glob)',
  builderExceptProgram: 'int32_t spoof_builder_except_program(void *builder, const char *glob)',
  builderAnswerFstype:
    'int32_t spoof_builder_answer_fstype(void *builder, const char *fstype, uint64_t magic, int32_t nodev)',
  builderAnswerSource: 'int32_t spoof_builder_answer_source(void *builder, const char *source)',
  builderAnswerShared: 'int32_t spoof_builder_answer_shared(void *builder, uint32_t group)',
  builderSysinfo: 'int32_t spoof_builder_sysinfo(void *builder, const char *name)',
  builderAnswerSysinfo:
    'int32_t spoof_builder_answer_sysinfo(void *builder, uint32_t field, uint64_t bytes)',
  builderAnswerUname:
    'int32_t spoof_builder_answer_uname(void *builder, uint32_t field, const char *text)',
  builderAnswer: 'int32_t spoof_builder_answer(void *builder, uint32_t field, uint64_t value)',
  builderFinish: 'int64_t spoof_builder_finish(void *builder, uint8_t *out, uint64_t capacity)',
  policyCheck:
    'int32_t spoof_policy_check(const uint8_t *blob, uint64_t length, uint8_t *why, uint64_t capacity)',
  policyCalls: 'int32_t spoof_policy_calls(const uint8_t *blob, uint64_t length)',
  policyInline:
    'int32_t spoof_policy_inline(const uint8_t *blob, uint64_t length, uint8_t *why, uint64_t capacity)',
  matchStatfs:
    'int32_t spoof_match_statfs(const uint8_t *blob, uint64_t length, uint64_t type, const char *path, uint8_t *match)',
  matchMounts:
    'int32_t spoof_match_mounts(const uint8_t *blob, uint64_t length, const char *fstype, const char *point, const char *program)',
  matchFile:
    'int32_t spoof_match_file(const uint8_t *blob, uint64_t length, const char *path, const char *program)',
  generatorSource: 'const char *spoof_generator_source(const char *name)',
  rewriteTable:
    'int64_t spoof_rewrite_table(const uint8_t *blob, uint64_t length, uint32_t table, const char *program, const uint8_t *text, uint64_t text_length, uint8_t *out, uint64_t capacity)',
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
  segmentInline:
    'int64_t spoof_segment_inline(int32_t fd, uint32_t outcome, uint8_t *name, uint64_t capacity)',
};

/** What this file needs of koffi. Its own types would let `any` in. */
interface Koffi {
  load(path: string | null): { func(prototype: string): (...args: never[]) => unknown };
}

/** The version that package.json pins. */
export const KOFFI_VERSION = '3.3.4';

let koffi: Koffi | undefined;

/**
 * The module koffi, by require: import takes four times as long. The binary that koffi loads with glibc
 * is asked for first, where it can be found from here: koffi itself takes 4 ms of the start to find out
 * which one it is, and adds only what is deprecated.
 */
function requireKoffi(): Koffi {
  const require = createRequire(import.meta.url);
  try {
    const file = `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`;
    const binary = require(file) as Koffi & { version: string };
    if (binary.version === KOFFI_VERSION) return binary;
  } catch {
    // It lies elsewhere: not every package manager puts what koffi needs beside it.
  }
  return require('koffi') as Koffi;
}

function loadKoffi(): Koffi {
  try {
    koffi ??= requireKoffi();
    return koffi;
  } catch (error) {
    throw new InstallError(
      'koffi',
      `cannot load the module koffi: ${messageOf(error)}; ` +
        'install this package again, without --omit=optional (koffi brings its binary that way)',
      { cause: error },
    );
  }
}

/** koffi does not say which file it could not load. */
const cannotLoad = (path: string, error: unknown): InstallError =>
  new InstallError(
    path,
    `cannot load ${path}: ${messageOf(error)}; build or install the package again`,
    { cause: error },
  );

/** Each function is bound when it is first asked for: `exec` needs few, and each takes its time. */
function bind(library: ReturnType<Koffi['load']>, path: string): Functions {
  const functions = {};
  for (const [name, prototype] of Object.entries(PROTOTYPES)) {
    Object.defineProperty(functions, name, {
      configurable: true,
      get: () => {
        try {
          const value = library.func(prototype);
          Object.defineProperty(functions, name, { value });
          return value;
        } catch (error) {
          throw cannotLoad(path, error);
        }
      },
    });
  }
  return functions as Functions;
}

function load(): Functions {
  const path = libraryPath();
  const binding = loadKoffi();
  let library, version;
  try {
    library = binding.load(path);
    version = library.func('uint32_t spoof_abi_version()')();
  } catch (error) {
    throw cannotLoad(path, error);
  }
  if (version === ABI_VERSION) return bind(library, path);
  throw new InstallError(
    path,
    `${path} has ABI version ${String(version)}, ${ABI_VERSION} is needed; ` +
      'build or install the package again, so that all of its files are of one version',
  );
}

let loaded: Functions | undefined;

/** The functions of the library, which is loaded when they are first asked for. Throws InstallError. */
export function native(): Functions {
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

/** `ENOENT: no such file or directory`, for a positive error number. */
export function errnoText(errno: number): string {
  const [name, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
  return `${name}: ${text}`;
}

/** The result as a number, or NativeError if it is negative: then it is -errno. */
export function check(result: Int64, what: string): number {
  const value = Number(result);
  if (value >= 0) return value;
  throw new NativeError(-value, `${what}: ${errnoText(-value)}`);
}

/** C strings end at the first NUL: a text with one would be cut off silently. */
export function cString(text: string, what: string): string {
  if (!text.includes('\0')) return text;
  throw new NativeError(EINVAL, `${what} ${JSON.stringify(text)} contains a NUL character`);
}

/**
 * Ends this process with `status` (0 to 255) as _exit(2) does, if koffi was loaded; otherwise it
 * does nothing. koffi syncs standard output and error when Node unloads it, and there are
 * filesystems where fsync(2) never returns (the 9p of QEMU 7.2).
 */
export function leave(status: number): void {
  const exit = koffi?.load(null).func('void _exit(int status)');
  (exit as ((status: number) => never) | undefined)?.(status);
}

/** The C string at the start of a buffer. */
export function textOf(buffer: Buffer): string {
  const end = buffer.indexOf(0);
  return buffer.toString('utf8', 0, end < 0 ? buffer.length : end);
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
