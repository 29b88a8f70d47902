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

/** Rules of every kind, each list most important first. */
export interface NormalisedPolicy {
  readonly statfs: readonly StatfsRule[];
  readonly mounts: readonly MountsRule[];
  /** No field is answered by two of them. */
  readonly uname: readonly UnameRule[];
  // The place of files: rules.
}

/** Any rule. */
export type Rule = NormalisedPolicy[keyof NormalisedPolicy][number];

/** A policy as one file makes it, together with what it extends. */
export interface NamedPolicy {
  readonly name: string;
  readonly description: string | undefined;
  readonly policy: NormalisedPolicy;
}

/** No rule at all: every call is let run. */
export const EMPTY_POLICY: NormalisedPolicy = { statfs: [], mounts: [], uname: [] };

/** The rules of all kinds, in the order in which the compiled policy numbers them. */
export function allRules({ statfs, mounts, uname }: NormalisedPolicy): readonly Rule[] {
  return [...statfs, ...mounts, ...uname];
}

/** The policy with something else changed in each of its rules. */
export function mapRules(
  policy: NormalisedPolicy,
  change: <R extends Rule>(rule: R) => R,
): NormalisedPolicy {
  return {
    statfs: policy.statfs.map(change),
    mounts: policy.mounts.map(change),
    uname: policy.uname.map(change),
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
/** The other rules are JSON as they are. */
interface PolicyJson extends Omit<NormalisedPolicy, 'statfs'> {
  readonly name: string;
  readonly description?: string;
  readonly statfs: readonly StatfsJson[];
}

function mapAnswer<From, To>(
  answer: Partial<Record<AnswerField, From>>,
  convert: (value: From) => To,
): Partial<Record<AnswerField, To>> {
  const result: Partial<Record<AnswerField, To>> = {};
  for (const field of ANSWER_FIELDS) {
    const value = answer[field];
    if (value !== undefined) result[field] = convert(value);
  }
  return result;
}

/** The JSON of `dist/policies/NAME.json`; numbers of answers are decimal strings. */
export function toJson({ name, description, policy }: NamedPolicy): string {
  const json: PolicyJson = {
    name,
    ...(description === undefined ? {} : { description }),
    ...policy,
    statfs: policy.statfs.map((rule) => ({ ...rule, answer: mapAnswer(rule.answer, String) })),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** Reads what toJson() wrote. The text is ours, made with this package: it is not checked. */
export function fromJson(text: string): NamedPolicy {
  const { name, description, statfs, ...rest } = JSON.parse(text) as PolicyJson;
  return {
    name,
    description,
    policy: {
      ...rest,
      statfs: statfs.map((rule) => ({ ...rule, answer: mapAnswer(rule.answer, BigInt) })),
    },
  };
}
