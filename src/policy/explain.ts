/** From what zod finds to problems in our words, at their places. */
import type { Path, Places, Problem } from './problem.js';
import { describeValue } from './schema/values.js';
import { keysAt, type policySchema } from './schema.js';
import { didYouMean } from './suggest.js';

type Issue = NonNullable<ReturnType<typeof policySchema.safeParse>['error']>['issues'][number];

/** What to write for a key that is missing; of rules, by their section. */
export const MISSING = {
  apiVersion: 'write apiVersion: seccomp-spoof/v1',
  name: 'write name: and a name',
  'statfs.when': 'write when: { type: 9p }',
  'statfs.answer': 'write answer: { type: ext4 }',
  'mounts.when': 'write when: { fstype: 9p }',
  'mounts.answer': 'write answer: { fstype: ext4 }',
  'files.path': 'write path: /dev/kmsg',
  'files.rewrite.match': 'write match: and a regular expression',
  'files.rewrite.replace': 'write replace: "" to remove what matches',
} as const;

/** What is expected, in words, and how to write it: by the names of zod. */
const EXPECTED: Partial<Record<string, readonly [what: string, advice: string]>> = {
  array: ['a list', 'write [ ] around it'],
  boolean: ['true or false', 'write true or false'],
  object: ['a map', 'write key: value'],
  string: ['text', 'write it in quotes'],
};

/** What lies at a path, or undefined. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (holder, step) =>
      typeof holder === 'object' && holder !== null ? Reflect.get(holder, step) : undefined,
    value,
  );
}

/** A map with a misspelt key lacks what it was meant to say: only the first need be told. */
export function worthSaying(issues: readonly Issue[]): Issue[] {
  const misspelt = new Set(
    issues.flatMap(({ code, path }) => (code === 'unrecognized_keys' ? [path.join('.')] : [])),
  );
  return issues.filter(({ code, path }) => code !== 'custom' || !misspelt.has(path.join('.')));
}

/** The faults that one issue of zod stands for, in our words and at their places. */
export function explain(issue: Issue, value: unknown, source: Places): Problem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const known = keysAt(path);
      const message = `${JSON.stringify(key)} is not a key here`;
      const suggestion = didYouMean(key, known, `write one of ${known.join(', ')}`);
      return source.problem([...path, key], message, suggestion, true);
    });
  }
  const found = valueAt(value, path);
  if (found === undefined) {
    const message = `the key "${String(path.at(-1) ?? '')}" is missing`;
    const advice: Partial<Record<string, string>> = MISSING;
    const key = path.filter((step) => typeof step === 'string').join('.');
    return [source.problem(path, message, advice[key])];
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
  if (typeof suggestion === 'string') return [source.problem(path, issue.message, suggestion)];
  const problem = source.problem(path, issue.message, undefined);
  if (typeof suggestion !== 'function') return [problem];
  // Only schema/values.ts puts one there.
  const advise = suggestion as (spelt: string) => string;
  return [{ ...problem, suggestion: advise(problem.text ?? '') }];
}
