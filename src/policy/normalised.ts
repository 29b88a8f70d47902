/**
 * The normalised policy: checked, with everything that it extends merged in, nothing left to look
 * up. It is what gets compiled, what `policy show` prints, and (as JSON) what shipped policies are
 * kept as. Imports nothing: it is on the way of every start.
 */
/** Names of policies and rules: no slash, so that no name is a path. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Fields of statfs(2) that a rule may replace, in the order of `struct statfs`. */
export const ANSWER_FIELDS = [
  'type',
  'blocks',
  'bfree',
  'bavail',
  'files',
  'ffree',
  'namelen',
  'flags',
] as const;
export type AnswerField = (typeof ANSWER_FIELDS)[number];

/** The filesystem types and path globs that a rule names; an empty list names none. */
export interface Selector {
  /** statfs f_type, each 0 to 0xffffffff. */
  readonly types: readonly number[];
  /** Absolute globs without braces, as the matcher knows them. */
  readonly paths: readonly string[];
}

/** What statfs(2) and fstatfs(2) answer where the rule holds. */
export interface StatfsRule {
  /** `POLICY/ID`, or `--fstype A=B`; unique within a normalised policy; at most 200 bytes. */
  readonly id: string;
  /** Where the rule was written, for people: `k3s.yaml:12`, `--fstype 9p=ext4`. */
  readonly origin: string;
  /** Of an empty list: any. At least one of the lists is not empty. */
  readonly when: Selector;
  /** Where the rule does not hold. */
  readonly except: Selector;
  /** At least one field; each 0 to 2^63-1. */
  readonly answer: Readonly<Partial<Record<AnswerField, bigint>>>;
}

/** The filesystem types and mount points that a rule for mount tables names. */
export interface TableSelector {
  /** Globs (`*`, `?`, `\`) of the text in the type column: `9p`, `fuse.*`. */
  readonly fstypes: readonly string[];
  /** Absolute globs of the mount point, without braces. */
  readonly paths: readonly string[];
}

/** What lines of mount tables say where the rule holds. */
export interface MountsRule {
  /** `POLICY/ID`, or `--fstype A=B (mounts)`; unique among the rules of all kinds. */
  readonly id: string;
  readonly origin: string;
  /** Of an empty list: any. At least one of the lists is not empty. */
  readonly when: TableSelector;
  /** Where, and for which programs (globs of the last part of their file), it does not hold. */
  readonly except: TableSelector & { readonly programs: readonly string[] };
  /** At least one field. */
  readonly answer: {
    /** The text in the type column. */
    readonly fstype?: string;
    /** The text in the source column. */
    readonly source?: string;
    /** mountinfo: the peer group that a mount without one is said to be in, 1 to 2^31-1. */
    readonly shared?: number;
  };
}

/** Fields of uname(2) that a rule may replace. */
export const UNAME_FIELDS = ['release', 'version'] as const;
export type UnameField = (typeof UNAME_FIELDS)[number];

/** What uname(2) answers. */
export interface UnameRule {
  /** `POLICY/uname`. */
  readonly id: string;
  readonly origin: string;
  /** At least one field; 1 to 64 printable ASCII characters. */
  readonly answer: Readonly<Partial<Record<UnameField, string>>>;
}

/** Fields of sysinfo(2) that a rule may replace. */
export const SYSINFO_FIELDS = ['totalram', 'freeram', 'totalswap', 'freeswap'] as const;
export type SysinfoField = (typeof SYSINFO_FIELDS)[number];

/** What sysinfo(2) answers. */
export interface SysinfoRule {
  /** `POLICY/sysinfo`. */
  readonly id: string;
  readonly origin: string;
  /** At least one field; bytes, 0 to 2^53-1. */
  readonly answer: Readonly<Partial<Record<SysinfoField, number>>>;
}

/**
 * Content that depends on the machine: `zero-per-cpu` is a `0` for each CPU, on one line; the others
 * tell what the file beside them holds at that moment (generatorSource()).
 */
export const GENERATORS = [
  'zero-per-cpu',
  'memory-stat',
  'memory-stat-v2',
  'memory-max-usage',
] as const;
export type Generator = (typeof GENERATORS)[number];

/** Every match of an expression in a line becomes something else. */
export interface Edit {
  /** POSIX extended regular expression. */
  readonly match: string;
  /** With `\0` to `\9` for what was matched. */
  readonly replace: string;
  /** `FILE:LINE:COLUMN` of the expression. */
  readonly origin: string;
}

/** What a file is said to be; one of these. */
export type FileAnswer =
  | {
      readonly redirect: string;
      /** What lies below the rule's paths (which end in a slash and two stars) is looked for below. */
      readonly tree: boolean;
    }
  | {
      readonly content: Uint8Array;
      /** Where it was read, absolute; undefined if it stands in the policy. */
      readonly contentFile?: string;
    }
  | { readonly generate: Generator }
  | { readonly rewrite: readonly Edit[] };

/** What a number of bytes may be followed by. */
export const SIZE_UNITS = [
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
] as const;

/** What is done with that which a program writes to the file. */
export const WRITES = ['refuse', 'discard', 'keep'] as const;
export type Writes = (typeof WRITES)[number];

/** What is found at a path. */
export interface FileRule {
  /** `POLICY/ID`; unique among the rules of all kinds. */
  readonly id: string;
  readonly origin: string;
  readonly when: {
    /** At least one. */
    readonly paths: readonly string[];
    /** Only where the real file does not exist. */
    readonly missing: boolean;
  };
  readonly except: { readonly programs: readonly string[] };
  readonly answer: FileAnswer;
  /** Of no meaning for a redirect. */
  readonly writes: Writes;
  /** Directories above it are there as well. */
  readonly parents: boolean;
  /** Where the root and the mounts are those of the start, or everywhere. */
  readonly scope: 'host' | 'all';
  /** The f_type that fstatfs says of it; undefined: the real one of the place. */
  readonly filesystem?: number;
  /** Permission bits; undefined: what suits `writes`. */
  readonly mode?: number;
  /** Bytes that a file that keeps writes may hold; undefined: what the library takes, 64 MiB. */
  readonly maxSize?: number;
}

/** Rules of every kind, each list most important first. */
export interface NormalisedPolicy {
  readonly statfs: readonly StatfsRule[];
  readonly mounts: readonly MountsRule[];
  readonly files: readonly FileRule[];
  /** No field is answered by two of them. */
  readonly uname: readonly UnameRule[];
  /** The same. */
  readonly sysinfo: readonly SysinfoRule[];
}

/** Any rule. */
export type Rule = NormalisedPolicy[keyof NormalisedPolicy][number];

/** A directory that a policy is told when it is used (`${name}` in its paths). */
export interface Parameter {
  readonly name: string;
  /** Absolute; undefined: a value has to be given. */
  readonly default?: string;
  readonly description?: string;
  /** Where it was declared, for people. */
  readonly origin: string;
  /** What holds; undefined as long as placeholders (parameters.ts) are in the rules. */
  readonly value?: string | undefined;
}

/** A policy as one file makes it, together with what it extends. */
export interface NamedPolicy {
  readonly name: string;
  readonly description: string | undefined;
  readonly policy: NormalisedPolicy;
  /** Not there: the policy has none. */
  readonly parameters?: readonly Parameter[];
}

/** A policy that is checked and merged. */
export interface ResolvedPolicy {
  /** Names of the policies asked for and `--fstype A=B` of the options, least important first. */
  readonly names: readonly string[];
  /** All rules, most important first. */
  readonly policy: NormalisedPolicy;
  /** With the values that hold, each once; not there: nobody has asked. */
  readonly parameters?: readonly Parameter[];
}

/** A policy that is ready for use. */
export interface CompiledPolicy extends ResolvedPolicy {
  /** For the matcher of this package's version. */
  readonly blob: Uint8Array;
  /** It is one of this package, as it came. */
  readonly isShipped?: true;
  /** The files that it depends on, but for those of this package; not there: they are not known. */
  readonly reads?: readonly ReadFile[];
}

/** A file as it was when it was read. */
export interface ReadFile {
  readonly path: string;
  readonly text: Buffer;
}

/** No rule at all: every call is let run. */
export const EMPTY_POLICY: NormalisedPolicy = {
  statfs: [],
  mounts: [],
  files: [],
  uname: [],
  sysinfo: [],
};

/** The rules of all kinds, in the order in which the compiled policy numbers them. */
export function allRules(policy: NormalisedPolicy): readonly Rule[] {
  const { statfs, mounts, files, uname, sysinfo } = policy;
  return [...statfs, ...mounts, ...files, ...uname, ...sysinfo];
}

/** The policy with something else changed in each of its rules. */
export function mapRules(
  policy: NormalisedPolicy,
  change: <R extends Rule>(rule: R) => R,
): NormalisedPolicy {
  return {
    statfs: policy.statfs.map(change),
    mounts: policy.mounts.map(change),
    files: policy.files.map(change),
    uname: policy.uname.map(change),
    sysinfo: policy.sysinfo.map(change),
  };
}

/** Bits of statfs f_flags by the names that statfs(2) gives them (`ST_RDONLY`: `rdonly`). */
export const STATFS_FLAGS: Readonly<Record<string, bigint>> = {
  rdonly: 0x0001n,
  nosuid: 0x0002n,
  nodev: 0x0004n,
  noexec: 0x0008n,
  synchronous: 0x0010n,
  mandlock: 0x0040n,
  noatime: 0x0400n,
  nodiratime: 0x0800n,
  relatime: 0x1000n,
  nosymfollow: 0x2000n,
};

/** ST_VALID, which Linux always sets: without it the C library reads mount tables instead. */
const FLAGS_VALID = 0x0020n;

/** f_flags with exactly these flags (names of STATFS_FLAGS) set. */
export function flagsOf(names: Iterable<string>): bigint {
  let bits = FLAGS_VALID;
  for (const name of names) bits |= STATFS_FLAGS[name] ?? 0n;
  return bits;
}

/** Names of the flags that are set in f_flags, in the order of their bits. */
export function flagNames(bits: bigint): string[] {
  return Object.keys(STATFS_FLAGS).filter((name) => (bits & (STATFS_FLAGS[name] ?? 0n)) !== 0n);
}

interface StatfsJson extends Omit<StatfsRule, 'answer'> {
  readonly answer: Partial<Record<AnswerField, string>>;
}
/** Content is base64: it need not be text. */
interface FileJson extends Omit<FileRule, 'answer'> {
  readonly answer:
    | Exclude<FileAnswer, { content: Uint8Array }>
    | { readonly content: string; readonly contentFile?: string };
}

/** The other rules are JSON as they are. */
interface PolicyJson extends Omit<NormalisedPolicy, 'statfs' | 'files'> {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly statfs: readonly StatfsJson[];
  readonly files: readonly FileJson[];
}

function fileToJson({ answer, ...rule }: FileRule): FileJson {
  if (!('content' in answer)) return { ...rule, answer };
  const content = Buffer.from(answer.content).toString('base64');
  return { ...rule, answer: { ...answer, content } };
}

function fileFromJson({ answer, ...rule }: FileJson): FileRule {
  if (!('content' in answer)) return { ...rule, answer };
  return { ...rule, answer: { ...answer, content: Buffer.from(answer.content, 'base64') } };
}

/** The fields that have a value, each with what becomes of it. */
export function mapFields<Field extends string, From, To>(
  fields: readonly Field[],
  values: Partial<Record<Field, From | undefined>>,
  convert: (value: From, field: Field) => To,
): Partial<Record<Field, To>> {
  const result: Partial<Record<Field, To>> = {};
  for (const field of fields) {
    const value = values[field];
    if (value !== undefined) result[field] = convert(value, field);
  }
  return result;
}

/** The JSON of `dist/policies/NAME.json`; numbers of answers are decimal strings. */
export function toJson({ name, description, policy, parameters }: NamedPolicy): string {
  const json: PolicyJson = {
    name,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...policy,
    statfs: policy.statfs.map((rule) => ({
      ...rule,
      answer: mapFields(ANSWER_FIELDS, rule.answer, String),
    })),
    files: policy.files.map(fileToJson),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** Reads what toJson() wrote. The text is ours, made with this package: it is not checked. */
export function fromJson(text: string): NamedPolicy {
  const { name, description, parameters, statfs, files, ...rest } = JSON.parse(text) as PolicyJson;
  return {
    name,
    description,
    ...(parameters === undefined ? {} : { parameters }),
    policy: {
      ...rest,
      statfs: statfs.map((rule) => ({
        ...rule,
        answer: mapFields(ANSWER_FIELDS, rule.answer, BigInt),
      })),
      files: files.map(fileFromJson),
    },
  };
}
