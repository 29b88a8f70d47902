/** A normalised policy as a policy file again, with comments that say where each rule is from. */
import { Document, isMap, isSeq, visit } from 'yaml';

import { KERNEL_TYPES, spellingOf } from './filesystems.js';
import {
  ANSWER_FIELDS,
  flagNames,
  type AnswerField,
  type NormalisedPolicy,
  type Selector,
  type StatfsRule,
} from './normalised.js';
import { API_VERSION } from './schema.js';

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

function answerValue(field: AnswerField, value: bigint): unknown {
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

function ruleValue(rule: StatfsRule): Record<string, unknown> {
  const except = selectorValue(writtenExceptions(rule));
  const answer = ANSWER_FIELDS.flatMap((field) => {
    const value = rule.answer[field];
    return value === undefined ? [] : [[field, answerValue(field, value)] as const];
  });
  return {
    when: selectorValue(rule.when),
    ...(Object.keys(except).length === 0 ? {} : { except }),
    answer: Object.fromEntries(answer),
  };
}

function ruleComment(rule: StatfsRule): string {
  const from = rule.id === rule.origin ? ` ${rule.id}` : ` ${rule.id}, from ${rule.origin}`;
  return rule.when.types.length > 0
    ? from
    : `${from}\n without a type: not for tmpfs, proc and other filesystems of the kernel`;
}

/**
 * The policy as YAML that can be loaded again and then means the same (the rules get new ids).
 * `names` are those of the policies that it was made of.
 */
export function policyToYaml(names: readonly string[], policy: NormalisedPolicy): string {
  const [only = 'merged'] = names.filter((name) => !name.startsWith('-'));
  const document = new Document({
    apiVersion: API_VERSION,
    name: names.length === 1 ? only : 'merged',
    statfs: policy.statfs.map(ruleValue),
  });
  document.commentBefore = ` merged from ${names.join(', ')}; the most important rule first`;
  const rules = document.get('statfs');
  if (isSeq(rules)) {
    for (const [index, item] of rules.items.entries()) {
      const rule = policy.statfs[index];
      if (rule !== undefined && isMap(item)) item.commentBefore = ruleComment(rule);
    }
  }
  visit(document, {
    // One line for each of when, except and answer.
    Map: (_, map, ancestors) => {
      if (ancestors.length > 4) map.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}
