/**
 * From the text of a policy file to its own rules: YAML, schema, and what only one file can tell
 * (ties, names of rules), with the position of every fault.
 */
import { realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';

import { explain, MISSING, valueAt, worthSaying } from './explain.js';
import { spellingOf } from './filesystems.js';
import { FILES, MOUNTS, STATFS, targetsOf, type Kind } from './merge.js';
import type {
  FileRule,
  MountsRule,
  NormalisedPolicy,
  Parameter,
  Rule,
  StatfsRule,
} from './normalised.js';
import { asWritten, namedIn } from './parameters.js';
import type { Places, Problem } from './problem.js';
import { adviceOn, readContent, reasonOf, type Reading } from './read.js';
import {
  toFileRule,
  toMountsRule,
  toStatfsRule,
  toSysinfoRule,
  toUnameRule,
  type FileContext,
  type Place,
} from './rules.js';
import { describeValue } from './schema/values.js';
import { policySchema, type PolicyDocument } from './schema.js';
import { ObjectSource } from './object-source.js';
import { Source } from './source.js';

/** An entry of `extends` or `remove`, or the name of a parameter, with the means to say where it stands. */
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
  /** What some file is to hold lies in other files (`contentFile`). */
  readonly readsContent: boolean;
  /** What it declares itself. */
  readonly parameters: readonly Parameter[];
  /** Where these are declared. */
  readonly declarations: readonly Reference[];
  /** Where its paths name parameters, its own and those of what it extends. */
  readonly uses: readonly Reference[];
  /** Its own rules, with placeholders for parameters. */
  readonly rules: NormalisedPolicy;
  /** A problem at the place of the policy's name. */
  nameProblem(message: string, suggestion?: string): Problem;
}

/** What came of reading a file: the file, or at least one problem. */
export type FileResult =
  | { readonly file: PolicyFile; readonly problems: readonly [] }
  | { readonly file: undefined; readonly problems: readonly Problem[] };

/** How ties in a section are found and told. */
interface Ties<R extends Rule, First extends number | string> {
  readonly kind: Kind<R, First>;
  /** The key of a rule that says what it speaks of. */
  readonly key: string;
  readonly describe: (first: First) => string;
  readonly suggestion: string;
}

const JOIN = 'join the two rules, or name a path in one of them';

const STATFS_TIES: Ties<StatfsRule, number> = {
  kind: STATFS,
  key: 'when',
  describe: (type) => `type ${spellingOf(type)}`,
  suggestion: JOIN,
};
const MOUNTS_TIES: Ties<MountsRule, string> = {
  kind: MOUNTS,
  key: 'when',
  describe: (fstype) => `fstype ${fstype}`,
  suggestion: JOIN,
};
const FILES_TIES: Ties<FileRule, never> = {
  kind: FILES,
  key: 'path',
  describe: String,
  suggestion: 'remove one of the two rules, or its path from one of them',
};

/** Rules of one kind that speak of the same thing: which of them holds would be chance. */
function findTies<R extends Rule, First extends number | string>(
  section: string,
  rules: readonly R[],
  { kind, key: named, describe, suggestion }: Ties<R, First>,
  source: Places,
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
        ...(path === undefined ? [] : [`path ${asWritten(path)}`]),
      ].join(', ');
      const message = `a rule for ${what} stands at ${earlier.origin} already`;
      problems.push(source.problem([section, index, named], message, suggestion));
      break;
    }
  }
  return problems;
}

/** Rules of any kind with the same name: remove: could not tell them apart. */
function findTwins(policy: NormalisedPolicy, source: Places): Problem[] {
  const problems: Problem[] = [];
  const ids = new Map<string, Rule>(
    [...policy.uname, ...policy.sysinfo].map((rule) => [rule.id, rule]),
  );
  for (const section of ['statfs', 'mounts', 'files'] as const) {
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

function findContradictions(policy: NormalisedPolicy, source: Places): Problem[] {
  return [
    ...findTwins(policy, source),
    ...findTies('statfs', policy.statfs, STATFS_TIES, source),
    ...findTies('mounts', policy.mounts, MOUNTS_TIES, source),
    ...findTies('files', policy.files, FILES_TIES, source),
  ];
}

/** What the surroundings say of the file rule at `index`; content that cannot be read is a problem. */
function contextOf(
  index: number,
  directory: string,
  reading: Reading,
  source: Places,
  problems: Problem[],
): FileContext {
  return {
    read: (written) => {
      // No join() for the path to open: it would take `..` off a symbolic link as text.
      const path = isAbsolute(written) ? written : `${directory}/${written}`;
      try {
        return { bytes: readContent(path, reading), path: realpathSync(path) };
      } catch (error) {
        const message = `the file ${JSON.stringify(written)} ${reasonOf(error)}`;
        const advice = 'name a file that can be read, from the directory of this policy on';
        const suggestion = adviceOn(error, advice);
        problems.push(source.problem(['files', index, 'contentFile'], message, suggestion));
        return { bytes: new Uint8Array(), path };
      }
    },
    positionOf: (edit) => source.position(['files', index, 'rewrite', edit, 'match']),
  };
}

/** The rules of a file that has passed the schema, and what is wrong with the content they name. */
function rulesOf(
  document: PolicyDocument,
  directory: string,
  reading: Reading,
  source: Places,
): { readonly rules: NormalisedPolicy; readonly problems: readonly Problem[] } {
  const { name: policy, statfs = [], mounts = [], files = [], uname, sysinfo } = document;
  const placeOf = (section: string, index: number): Place => ({
    policy,
    index,
    origin: source.origin([section, index]),
  });
  const problems: Problem[] = [];
  const rules = {
    statfs: statfs.map((rule, index) => toStatfsRule(rule, placeOf('statfs', index))),
    mounts: mounts.map((rule, index) => toMountsRule(rule, placeOf('mounts', index))),
    files: files.map((rule, index) =>
      toFileRule(
        rule,
        placeOf('files', index),
        contextOf(index, directory, reading, source, problems),
      ),
    ),
    uname:
      uname === undefined ? [] : [toUnameRule(uname, { policy, origin: source.origin(['uname']) })],
    sysinfo:
      sysinfo === undefined
        ? []
        : [toSysinfoRule(sysinfo, { policy, origin: source.origin(['sysinfo']) })],
  };
  return { rules, problems };
}

/**
 * Reads the text of one policy file, and the files of content that it names. `file` is how messages
 * call it, `directory` where its relative paths start.
 */
export function readDocument(
  text: string,
  file: string,
  directory: string,
  reading: Reading = {},
): FileResult {
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
  return readValue(value, source, directory, reading);
}

/** Reads a policy that is an object, which messages call `name`; relative paths start at `directory`. */
export function readObject(
  object: object,
  name: string,
  directory: string,
  reading: Reading = {},
): FileResult {
  const source = new ObjectSource(object, name);
  return readValue(source.value(), source, directory, reading);
}

function withoutPlaceholders({ message, suggestion, ...problem }: Problem): Problem {
  const advice = suggestion === undefined ? undefined : asWritten(suggestion);
  return { ...problem, message: asWritten(message), suggestion: advice };
}

/** Places of the paths that a rule of each section has. */
const PATHS = [
  ['statfs', 'when', 'path'],
  ['statfs', 'except', 'path'],
  ['mounts', 'when', 'path'],
  ['mounts', 'except', 'path'],
  ['files', 'path'],
  ['files', 'redirect'],
] as const;

/** The texts at a place of a rule: none, one or a list. */
function textsAt(rule: unknown, keys: readonly string[]): readonly string[] {
  return [valueAt(rule, keys)].flat().filter((text) => typeof text === 'string');
}

function usesOf(document: PolicyDocument, source: Places): Reference[] {
  return PATHS.flatMap(([section, ...keys]) =>
    (document[section] ?? []).flatMap((rule, index) =>
      [...new Set(textsAt(rule, keys).flatMap(namedIn))].map((text) => ({
        text,
        problem: (message: string, suggestion?: string) =>
          source.problem([section, index, ...keys], message, suggestion),
      })),
    ),
  );
}

function readValue(
  value: unknown,
  source: Places,
  directory: string,
  reading: Reading,
): FileResult {
  if (typeof value !== 'object' || value === null) {
    const message = `expected a policy, found ${value === null ? 'nothing' : describeValue(value)}`;
    return { file: undefined, problems: [source.problem([], message, MISSING.apiVersion)] };
  }
  const parsed = policySchema.safeParse(value);
  if (!parsed.success) {
    const problems = worthSaying(parsed.error.issues)
      .flatMap((issue) => explain(issue, value, source))
      .map(withoutPlaceholders)
      .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
    return { file: undefined, problems };
  }

  const document = parsed.data;
  const { rules, problems } = rulesOf(document, directory, reading, source);
  const faults = [...problems, ...findContradictions(rules, source)];
  if (faults.length > 0) return { file: undefined, problems: faults };

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
      parameters: Object.entries(document.parameters ?? {}).map(([name, each]) => ({
        name,
        ...(each.default === undefined ? {} : { default: each.default }),
        ...(each.description === undefined ? {} : { description: each.description }),
        origin: source.origin(['parameters', name]),
      })),
      declarations: Object.keys(document.parameters ?? {}).map((text) => ({
        text,
        problem: (message, suggestion) =>
          source.problem(['parameters', text], message, suggestion, true),
      })),
      uses: usesOf(document, source),
      readsContent: (document.files ?? []).some((rule) => 'contentFile' in rule),
      rules,
      nameProblem: (message, suggestion) => source.problem(['name'], message, suggestion),
    },
    problems: [],
  };
}
