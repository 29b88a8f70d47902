/**
 * How rules of several policies come together. One layer lies on another: a child on what it
 * extends, a later --policy on an earlier one, --fstype on all. Needs neither yaml nor zod.
 */
import { PolicyError } from './problem.js';
import {
  allRules,
  SYSINFO_FIELDS,
  UNAME_FIELDS,
  type FileRule,
  type MountsRule,
  type NormalisedPolicy,
  type Rule,
  type StatfsRule,
  type SysinfoRule,
  type UnameRule,
} from './normalised.js';

/**
 * How rules of one kind speak of things: each of a first list (types, say) with each path. An empty
 * list stands for any.
 */
export interface Kind<R extends Rule, First extends number | string> {
  firsts(rule: R): readonly First[];
  paths(rule: R): readonly string[];
  /** The rule for these things only; exceptions and answers stay. */
  narrowed(rule: R, firsts: readonly First[], paths: readonly string[]): R;
}

/** Rules of `statfs`: types with paths. */
export const STATFS: Kind<StatfsRule, number> = {
  firsts: (rule) => rule.when.types,
  paths: (rule) => rule.when.paths,
  narrowed: (rule, types, paths) => ({ ...rule, when: { types, paths } }),
};

/** Rules of `mounts`: texts of the type column with mount points. */
export const MOUNTS: Kind<MountsRule, string> = {
  firsts: (rule) => rule.when.fstypes,
  paths: (rule) => rule.when.paths,
  narrowed: (rule, fstypes, paths) => ({ ...rule, when: { fstypes, paths } }),
};

/** Rules of `files`: paths. */
export const FILES: Kind<FileRule, never> = {
  firsts: () => [],
  paths: (rule) => rule.when.paths,
  narrowed: (rule, _, paths) => ({ ...rule, when: { ...rule.when, paths } }),
};

/** What these rules speak of are the fields that they answer. */
function answering<Rule extends UnameRule | SysinfoRule>(
  fields: readonly (keyof Rule['answer'] & string)[],
): Kind<Rule, string> {
  return {
    firsts: ({ answer }) => fields.filter((field) => Reflect.get(answer, field) !== undefined),
    paths: () => [],
    narrowed: (rule, kept) => ({
      ...rule,
      answer: Object.fromEntries(Object.entries(rule.answer).filter(([key]) => kept.includes(key))),
    }),
  };
}

export const UNAME = answering<UnameRule>(UNAME_FIELDS);
export const SYSINFO = answering<SysinfoRule>(SYSINFO_FIELDS);

/** One thing that a rule speaks of: a type (or the like) or any, with a path glob or any. */
export interface Target<First> {
  readonly key: string;
  readonly first: First | undefined;
  readonly path: string | undefined;
}

const ANY: readonly [undefined] = [undefined];

function orAny<T>(values: readonly T[]): readonly (T | undefined)[] {
  return values.length === 0 ? ANY : values;
}

/** No type has a blank, and `*` is no number: a glob of that name differs by its path only. */
function keyOf(first: number | string | undefined, path: string | undefined): string {
  return `${first ?? ''} ${path ?? ''}`;
}

/** Every pair that the rule names; exceptions are no part of it. */
export function targetsOf<R extends Rule, First extends number | string>(
  kind: Kind<R, First>,
  rule: R,
): Target<First>[] {
  return orAny(kind.firsts(rule)).flatMap((first) =>
    orAny(kind.paths(rule)).map((path) => ({ key: keyOf(first, path), first, path })),
  );
}

/** Follows the id of a rule that had to be split; no id of a user has this character. */
const SPLIT = '~';

function wholeId(id: string): string {
  return /^(.*)~[0-9]+$/.exec(id)?.[1] ?? id;
}

/** The rule without the targets that are taken: none, one, or (if no single rule can say it) more. */
function without<R extends Rule, First extends number | string>(
  kind: Kind<R, First>,
  rule: R,
  taken: ReadonlySet<string>,
): R[] {
  const groups = new Map<string, { firsts: First[]; paths: readonly (string | undefined)[] }>();
  let complete = true;
  for (const first of orAny(kind.firsts(rule))) {
    const wanted = orAny(kind.paths(rule));
    const paths = wanted.filter((path) => !taken.has(keyOf(first, path)));
    complete &&= paths.length === wanted.length;
    if (paths.length === 0) continue;
    const group = groups.get(paths.join('\n')) ?? { firsts: [], paths };
    if (first !== undefined) group.firsts.push(first);
    groups.set(paths.join('\n'), group);
  }
  if (complete) return [rule];
  return [...groups.values()].map(({ firsts, paths }) =>
    kind.narrowed(
      rule,
      firsts,
      paths.filter((path) => path !== undefined),
    ),
  );
}

/** Gives the second part of a rule that was split, and each further one, an id of its own. */
function numberParts<R extends Rule>(rules: readonly R[]): R[] {
  const counts = new Map<string, number>();
  return rules.map((rule) => {
    const id = wholeId(rule.id);
    const count = (counts.get(id) ?? 0) + 1;
    counts.set(id, count);
    return { ...rule, id: count === 1 ? id : `${id}${SPLIT}${count}` };
  });
}

/** Lays the rules of one kind on each other. */
function lay<R extends Rule, First extends number | string>(
  kind: Kind<R, First>,
  lower: readonly R[],
  upper: readonly R[],
): R[] {
  const taken = new Set(upper.flatMap((rule) => targetsOf(kind, rule).map(({ key }) => key)));
  return numberParts([...upper, ...lower.flatMap((rule) => without(kind, rule, taken))]);
}

/**
 * Lays `upper` on `lower`: what both speak of is answered by `upper`, with its exceptions; the rest
 * of `lower` stays, less important. Throws PolicyError if two different rules have the same id.
 */
export function override(lower: NormalisedPolicy, upper: NormalisedPolicy): NormalisedPolicy {
  const origins = new Map(allRules(upper).map(({ id, origin }) => [wholeId(id), origin]));
  for (const { id, origin } of allRules(lower)) {
    const other = origins.get(wholeId(id));
    if (other === undefined || other === origin) continue;
    const message = `two rules are called ${wholeId(id)}: ${origin} and ${other}`;
    throw new PolicyError([{ message, suggestion: 'give one of the policies another name' }]);
  }
  return {
    statfs: lay(STATFS, lower.statfs, upper.statfs),
    mounts: lay(MOUNTS, lower.mounts, upper.mounts),
    files: lay(FILES, lower.files, upper.files),
    uname: lay(UNAME, lower.uname, upper.uname),
    sysinfo: lay(SYSINFO, lower.sysinfo, upper.sysinfo),
  };
}

/** The policy without the rule called `id`; undefined if there is none. */
export function removeRule(policy: NormalisedPolicy, id: string): NormalisedPolicy | undefined {
  if (!ruleIds(policy).includes(id)) return undefined;
  const other = (rule: Rule): boolean => wholeId(rule.id) !== id;
  return {
    statfs: policy.statfs.filter(other),
    mounts: policy.mounts.filter(other),
    files: policy.files.filter(other),
    uname: policy.uname.filter(other),
    sysinfo: policy.sysinfo.filter(other),
  };
}

/** Ids that removeRule() knows. */
export function ruleIds(policy: NormalisedPolicy): string[] {
  return [...new Set(allRules(policy).map((rule) => wholeId(rule.id)))];
}
