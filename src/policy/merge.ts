/**
 * How rules of several policies come together. One layer lies on another: a child on what it
 * extends, a later --policy on an earlier one, --fstype on all. Needs neither yaml nor zod.
 */
import { PolicyError } from './problem.js';
import type { NormalisedPolicy, StatfsRule } from './normalised.js';

/** One thing that a rule speaks of: a type or any, with a path glob or any. */
export interface Target {
  readonly key: string;
  readonly type: number | undefined;
  readonly path: string | undefined;
}

const ANY: readonly [undefined] = [undefined];

function orAny<T>(values: readonly T[]): readonly (T | undefined)[] {
  return values.length === 0 ? ANY : values;
}

function keyOf(type: number | undefined, path: string | undefined): string {
  return `${type ?? '*'} ${path ?? ''}`;
}

/** Every pair of type and path that the rule names; exceptions are no part of it. */
export function targetsOf(rule: StatfsRule): Target[] {
  return orAny(rule.when.types).flatMap((type) =>
    orAny(rule.when.paths).map((path) => ({ key: keyOf(type, path), type, path })),
  );
}

/** Follows the id of a rule that had to be split; no id of a user has this character. */
const SPLIT = '~';

function wholeId(id: string): string {
  return /^(.*)~[0-9]+$/.exec(id)?.[1] ?? id;
}

/** The rule without the targets that are taken: none, one, or (if no single rule can say it) more. */
function without(rule: StatfsRule, taken: ReadonlySet<string>): StatfsRule[] {
  const groups = new Map<string, { types: number[]; paths: readonly (string | undefined)[] }>();
  let complete = true;
  for (const type of orAny(rule.when.types)) {
    const wanted = orAny(rule.when.paths);
    const paths = wanted.filter((path) => !taken.has(keyOf(type, path)));
    complete &&= paths.length === wanted.length;
    if (paths.length === 0) continue;
    const group = groups.get(paths.join('\n')) ?? { types: [], paths };
    if (type !== undefined) group.types.push(type);
    groups.set(paths.join('\n'), group);
  }
  if (complete) return [rule];
  return [...groups.values()].map(({ types, paths }) => ({
    ...rule,
    when: { types, paths: paths.filter((path) => path !== undefined) },
  }));
}

/** Gives the second part of a rule that was split, and each further one, an id of its own. */
function numberParts(rules: readonly StatfsRule[]): StatfsRule[] {
  const counts = new Map<string, number>();
  return rules.map((rule) => {
    const id = wholeId(rule.id);
    const count = (counts.get(id) ?? 0) + 1;
    counts.set(id, count);
    return { ...rule, id: count === 1 ? id : `${id}${SPLIT}${count}` };
  });
}

/**
 * Lays `upper` on `lower`: what both speak of is answered by `upper`, with its exceptions; the rest
 * of `lower` stays, less important. Throws PolicyError if two different rules have the same id.
 */
export function override(lower: NormalisedPolicy, upper: NormalisedPolicy): NormalisedPolicy {
  const taken = new Set(upper.statfs.flatMap((rule) => targetsOf(rule).map(({ key }) => key)));
  const origins = new Map(upper.statfs.map(({ id, origin }) => [wholeId(id), origin]));
  for (const { id, origin } of lower.statfs) {
    const other = origins.get(wholeId(id));
    if (other === undefined || other === origin) continue;
    const message = `two rules are called ${wholeId(id)}: ${origin} and ${other}`;
    throw new PolicyError([{ message, suggestion: 'give one of the policies another name' }]);
  }
  const rest = lower.statfs.flatMap((rule) => without(rule, taken));
  return { statfs: numberParts([...upper.statfs, ...rest]) };
}

/** The policy without the rule called `id`; undefined if there is none. */
export function removeRule(policy: NormalisedPolicy, id: string): NormalisedPolicy | undefined {
  const statfs = policy.statfs.filter((rule) => wholeId(rule.id) !== id);
  return statfs.length === policy.statfs.length ? undefined : { statfs };
}

/** Ids that removeRule() knows. */
export function ruleIds(policy: NormalisedPolicy): string[] {
  return [...new Set(policy.statfs.map((rule) => wholeId(rule.id)))];
}
