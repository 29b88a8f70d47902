/**
 * From the text of a policy file to its own rules: YAML, schema, and what only one file can tell
 * (ties, names of rules), with the position of every fault.
 */
import { explain, MISSING } from './explain.js';
import { KERNEL_TYPES, spellingOf } from './filesystems.js';
import { targetsOf } from './merge.js';
import { ANSWER_FIELDS, type AnswerField, type Selector, type StatfsRule } from './normalised.js';
import type { Problem } from './problem.js';
import { describeValue } from './schema/values.js';
import { policySchema, type PolicyDocument } from './schema.js';
import { Source } from './source.js';

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
