/**
 * From the text of a policy file to its own rules: YAML, schema, and what only one file can tell
 * (ties, names of rules), with the position of every fault.
 */
import { explain, MISSING, worthSaying } from './explain.js';
import { spellingOf } from './filesystems.js';
import { MOUNTS, STATFS, targetsOf, type Kind } from './merge.js';
import { type NormalisedPolicy, type Rule } from './normalised.js';
import type { Problem } from './problem.js';
import { toMountsRule, toStatfsRule, toUnameRule } from './rules.js';
import { describeValue } from './schema/values.js';
import { policySchema, type PolicyDocument } from './schema.js';
import { Source, type Path } from './source.js';

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
  /** Its own rules. */
  readonly rules: NormalisedPolicy;
  /** A problem at the place of the policy's name. */
  nameProblem(message: string, suggestion?: string): Problem;
}

/** What came of reading a file: the file, or at least one problem. */
export type FileResult =
  | { readonly file: PolicyFile; readonly problems: readonly [] }
  | { readonly file: undefined; readonly problems: readonly Problem[] };

/** Rules of one kind that speak of the same thing: which of them holds would be chance. */
function findTies<R extends Rule, First extends number | string>(
  section: string,
  kind: Kind<R, First>,
  rules: readonly R[],
  describe: (first: First) => string,
  source: Source,
): Problem[] {
  const problems: Problem[] = [];
  const targets = new Map<string, R>();
  for (const [index, rule] of rules.entries()) {
    for (const { key, first, path } of targetsOf(kind, rule)) {
      const earlier = targets.get(key);
      targets.set(key, rule);
      if (earlier === undefined || earlier === rule) continue;
      const what = [
        ...(first === undefined ? [] : [describe(first)]),
        ...(path === undefined ? [] : [`path ${path}`]),
      ].join(', ');
      const message = `a rule for ${what} stands at ${earlier.origin} already`;
      const suggestion = 'join the two rules, or name a path in one of them';
      problems.push(source.problem([section, index, 'when'], message, suggestion));
      break;
    }
  }
  return problems;
}

/** Rules of any kind with the same name: remove: could not tell them apart. */
function findTwins(policy: NormalisedPolicy, source: Source): Problem[] {
  const problems: Problem[] = [];
  const ids = new Map<string, Rule>(policy.uname.map((rule) => [rule.id, rule]));
  for (const section of ['statfs', 'mounts'] as const) {
    for (const [index, rule] of policy[section].entries()) {
      const twin = ids.get(rule.id);
      ids.set(rule.id, rule);
      if (twin === undefined) continue;
      const message = `the id of this rule is that of the rule at ${twin.origin}: ${rule.id}`;
      problems.push(source.problem([section, index, 'id'], message, 'write another id'));
    }
  }
  return problems;
}

function findContradictions(policy: NormalisedPolicy, source: Source): Problem[] {
  return [
    ...findTwins(policy, source),
    ...findTies('statfs', STATFS, policy.statfs, (type) => `type ${spellingOf(type)}`, source),
    ...findTies('mounts', MOUNTS, policy.mounts, (fstype) => `fstype ${fstype}`, source),
  ];
}

/** The rules of a file that has passed the schema; `file` is how messages call it. */
function rulesOf(document: PolicyDocument, file: string, source: Source): NormalisedPolicy {
  const { name: policy, statfs = [], mounts = [], uname } = document;
  const originOf = (path: Path): string => `${file}:${source.line(path)}`;
  return {
    statfs: statfs.map((rule, index) =>
      toStatfsRule(rule, { policy, index, origin: originOf(['statfs', index]) }),
    ),
    mounts: mounts.map((rule, index) =>
      toMountsRule(rule, { policy, index, origin: originOf(['mounts', index]) }),
    ),
    uname: uname === undefined ? [] : [toUnameRule(uname, { policy, origin: originOf(['uname']) })],
  };
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
    return { file: undefined, problems: [source.problem([], message, MISSING.apiVersion)] };
  }
  const parsed = policySchema.safeParse(value);
  if (!parsed.success) {
    const problems = worthSaying(parsed.error.issues)
      .flatMap((issue) => explain(issue, value, source))
      .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
    return { file: undefined, problems };
  }

  const document = parsed.data;
  const rules = rulesOf(document, file, source);
  const contradictions = findContradictions(rules, source);
  if (contradictions.length > 0) return { file: undefined, problems: contradictions };

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
      rules,
      nameProblem: (message, suggestion) => source.problem(['name'], message, suggestion),
    },
    problems: [],
  };
}
