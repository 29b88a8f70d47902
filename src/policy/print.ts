/** A normalised policy as a policy file again, with comments that say where each rule is from. */
import { Document, isMap, isSeq, visit } from 'yaml';

import { KERNEL_TYPES, spellingOf } from './filesystems.js';
import {
  ANSWER_FIELDS,
  flagNames,
  mapFields,
  SIZE_UNITS,
  SYSINFO_FIELDS,
  type AnswerField,
  type FileAnswer,
  type FileRule,
  type MountsRule,
  type NormalisedPolicy,
  type Parameter,
  type Rule,
  type Selector,
  type StatfsRule,
  type SysinfoRule,
  type UnameRule,
} from './normalised.js';
import { API_VERSION } from './schema.js';
import { exceptsKernelColumns, KERNEL_COLUMNS } from './tables.js';

/** Larger numbers are written as texts: other readers of YAML would round them. */
const LARGEST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

function single<T>(values: readonly T[]): T | readonly T[] {
  const [first] = values;
  return values.length === 1 && first !== undefined ? first : values;
}

/** Characters that a glob has by itself now, but that a file must escape again. */
function globText(glob: string): string {
  return glob.replace(/[[{}]/g, '\\$&');
}

function selectorValue({ types, paths }: Selector): Record<string, unknown> {
  return {
    ...(types.length === 0 ? {} : { type: single(types.map(spellingOf)) }),
    ...(paths.length === 0 ? {} : { path: single(paths.map(globText)) }),
  };
}

function answerValue(value: bigint, field: AnswerField): unknown {
  if (field === 'type') return spellingOf(Number(value));
  if (field === 'flags') return flagNames(value);
  return value > LARGEST_EXACT ? String(value) : Number(value);
}

/** The exceptions that the file has to name: not those that every rule without a type has. */
function writtenExceptions(rule: StatfsRule): Selector {
  if (rule.when.types.length > 0) return rule.except;
  const implied = new Set(KERNEL_TYPES);
  const types = rule.except.types.filter((type) => !implied.has(type));
  return { types, paths: rule.except.paths };
}

/** The key with its value, or nothing where a map says nothing. */
function unlessEmpty(key: string, value: Record<string, unknown>): Record<string, unknown> {
  return Object.keys(value).length === 0 ? {} : { [key]: value };
}

function statfsValue(rule: StatfsRule): Record<string, unknown> {
  return {
    when: selectorValue(rule.when),
    ...unlessEmpty('except', selectorValue(writtenExceptions(rule))),
    answer: mapFields(ANSWER_FIELDS, rule.answer, answerValue),
  };
}

function listValue(key: string, globs: readonly string[]): Record<string, unknown> {
  return globs.length === 0 ? {} : { [key]: single(globs.map(globText)) };
}

function mountsValue(rule: MountsRule): Record<string, unknown> {
  const { when, except, answer } = rule;
  const implied = new Set(exceptsKernelColumns(when.fstypes, answer) ? KERNEL_COLUMNS : []);
  return {
    when: { ...listValue('fstype', when.fstypes), ...listValue('path', when.paths) },
    ...unlessEmpty('except', {
      ...listValue(
        'fstype',
        except.fstypes.filter((name) => !implied.has(name)),
      ),
      ...listValue('path', except.paths),
      ...listValue('program', except.programs),
    }),
    answer: { ...answer },
  };
}

/** Bytes as the text that they are, if a policy can say them as text. */
function textOf(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : undefined;
}

function fileAnswerValue(answer: FileAnswer): Record<string, unknown> {
  if ('redirect' in answer) return { redirect: answer.redirect };
  if ('generate' in answer) return { generate: answer.generate };
  if ('rewrite' in answer) {
    return { rewrite: answer.rewrite.map(({ match, replace }) => ({ match, replace })) };
  }
  const text = textOf(answer.content);
  // Bytes that are no text always come from a file.
  return text === undefined ? { contentFile: answer.contentFile } : { content: text };
}

/** A number of bytes in the largest unit that has no rest. */
function sizeText(bytes: number): string | number {
  const unit = SIZE_UNITS.findLast(([, size]) => bytes >= size && bytes % size === 0);
  return unit === undefined ? bytes : `${bytes / unit[1]}${unit[0]}`;
}

function fileValue(rule: FileRule): Record<string, unknown> {
  const { when, except, filesystem, mode, maxSize } = rule;
  return {
    path: single(when.paths.map(globText)),
    ...fileAnswerValue(rule.answer),
    ...(rule.writes === 'refuse' ? {} : { writes: rule.writes }),
    ...(when.missing ? { when: 'missing' } : {}),
    ...(rule.parents ? { parents: true } : {}),
    ...(rule.scope === 'host' ? {} : { scope: rule.scope }),
    ...(filesystem === undefined ? {} : { filesystem: spellingOf(filesystem) }),
    ...(mode === undefined ? {} : { mode: mode.toString(8).padStart(4, '0') }),
    ...(maxSize === undefined ? {} : { maxSize: sizeText(maxSize) }),
    ...unlessEmpty('except', listValue('program', except.programs)),
  };
}

function originComment({ id, origin }: Rule): string {
  return id.startsWith(origin) ? ` ${id}` : ` ${id}, from ${origin}`;
}

const WITHOUT_TYPE = '\n without a type: not for tmpfs, proc and other filesystems of the kernel';

function statfsComment(rule: StatfsRule): string {
  return originComment(rule) + (rule.when.types.length > 0 ? '' : WITHOUT_TYPE);
}

function mountsComment(rule: MountsRule): string {
  const { when, answer } = rule;
  return originComment(rule) + (exceptsKernelColumns(when.fstypes, answer) ? WITHOUT_TYPE : '');
}

/** Puts a list of rules in, each with a comment. */
function addSection<R extends Rule>(
  document: Document,
  section: string,
  rules: readonly R[],
  toValue: (rule: R) => Record<string, unknown>,
  toComment: (rule: R) => string,
): void {
  if (rules.length === 0) return;
  document.set(section, document.createNode(rules.map(toValue)));
  const list = document.get(section);
  if (!isSeq(list)) return;
  for (const [index, item] of list.items.entries()) {
    const rule = rules[index];
    if (rule !== undefined && isMap(item)) item.commentBefore = toComment(rule);
  }
}

/** `uname` and `sysinfo` are one map each, whatever rules its fields are from. */
function addMap(
  document: Document,
  section: 'uname' | 'sysinfo',
  rules: readonly (UnameRule | SysinfoRule)[],
  fields: readonly (readonly [string, unknown])[],
): void {
  if (rules.length === 0) return;
  const map = document.createNode(Object.fromEntries(fields));
  map.commentBefore = rules.map(originComment).join('\n');
  document.set(section, map);
}

/** What a parameter is, and whether its value is its own. */
function parameterComment({ name, value = '', default: usual, description }: Parameter): string {
  const about = description === undefined ? '' : `: ${description.replace(/\s+/g, ' ')}`;
  const from =
    value === usual
      ? 'default'
      : `given; ${usual === undefined ? 'no default' : `default ${usual}`}`;
  return `\n \${${name}} is ${value} (${from})${about}`;
}

/**
 * The policy as YAML that can be loaded again and then means the same (the rules get new ids, and
 * have the values of parameters in them). `names` are those of the policies that it was made of.
 */
export function policyToYaml(
  names: readonly string[],
  policy: NormalisedPolicy,
  parameters: readonly Parameter[] = [],
): string {
  const [only = 'merged'] = names.filter((name) => !name.startsWith('-'));
  const document = new Document({
    apiVersion: API_VERSION,
    name: names.length === 1 ? only : 'merged',
  });
  document.commentBefore =
    ` merged from ${names.join(', ')}; the most important rule first` +
    parameters.map(parameterComment).join('');
  addSection(document, 'statfs', policy.statfs, statfsValue, statfsComment);
  addSection(document, 'mounts', policy.mounts, mountsValue, mountsComment);
  addSection(document, 'files', policy.files, fileValue, originComment);
  const { uname, sysinfo } = policy;
  addMap(
    document,
    'uname',
    uname,
    uname.flatMap(({ answer }) => Object.entries(answer)),
  );
  addMap(
    document,
    'sysinfo',
    sysinfo,
    sysinfo.flatMap(({ answer }) => Object.entries(mapFields(SYSINFO_FIELDS, answer, sizeText))),
  );
  visit(document, {
    // One line for each of when, except and answer.
    Map: (_, map, ancestors) => {
      if (ancestors.length > 4) map.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}
