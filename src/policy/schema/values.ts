/**
 * Readers of single values, on which every section of the schema is built: each says what is wrong
 * in our words and what to write instead, and tells editors the same as JSON Schema.
 */
import * as z from 'zod';

import { refused, type Parsed } from '../filesystems.js';

/** A value as the YAML says it, for messages: `a list`, `the number 10`. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${String(value)}`;
  return `the value ${typeof value === 'boolean' ? String(value) : typeof value}`;
}

/** Advice, or what makes it of the value as it is spelt in the file. */
export type Suggestion = string | ((spelt: string) => string);

interface Fault {
  readonly message: string;
  readonly suggestion?: Suggestion | undefined;
  readonly path?: PropertyKey[];
}

export type Report = (fault: Fault) => void;

/** A schema for any input, read by `read`, which reports what is wrong and returns the rest. */
export function reader<T>(
  read: (input: unknown, report: Report) => T,
  json: Record<string, unknown>,
) {
  return z
    .unknown()
    .transform((input, context) =>
      read(input, ({ message, suggestion, path = [] }) => {
        context.issues.push({ code: 'custom', input, message, path, params: { suggestion } });
      }),
    )
    .meta(json);
}

export function readText<T>(
  input: unknown,
  what: string,
  parse: (text: string) => Parsed<T>,
  report: Report,
  path: PropertyKey[] = [],
): T | undefined {
  if (typeof input !== 'string') {
    const scalar = ['number', 'bigint', 'boolean'].includes(typeof input);
    report({
      message: `expected ${what}, found ${describeValue(input)}`,
      suggestion: scalar ? 'write it in quotes' : `write ${what}`,
      path,
    });
    return undefined;
  }
  const parsed = parse(input);
  if (parsed.ok) return parsed.value;
  report({ message: parsed.message, suggestion: parsed.suggestion, path });
  return undefined;
}

export function text<T>(
  what: string,
  parse: (text: string) => Parsed<T>,
  json: Record<string, unknown>,
) {
  return reader((input, report) => readText(input, what, parse, report) as T, json);
}

/** One text or a list of at least one. */
export function oneOrMore<T>(
  what: string,
  parse: (text: string) => Parsed<T>,
  item: Record<string, unknown>,
  description: string,
) {
  return reader(
    (input, report): T[] => {
      if (!Array.isArray(input)) {
        const value = readText(input, what, parse, report);
        return value === undefined ? [] : [value];
      }
      if (input.length === 0) {
        report({ message: 'the list is empty', suggestion: `write ${what} or leave the key out` });
      }
      return input.flatMap((element: unknown, index) => {
        const value = readText(element, what, parse, report, [index]);
        return value === undefined ? [] : [value];
      });
    },
    { description, anyOf: [item, { type: 'array', minItems: 1, items: item }] },
  );
}

export function matching(pattern: RegExp, message: string, suggestion: string) {
  return (value: string): Parsed<string> =>
    pattern.test(value)
      ? { ok: true, value }
      : refused(`${JSON.stringify(value)} ${message}`, suggestion);
}

type Names = Partial<Record<string, unknown>>;

export function needsOne(keys: readonly string[], suggestion: string) {
  return (value: Names, context: z.RefinementCtx<Names>) => {
    if (keys.some((key) => value[key] !== undefined)) return;
    const message = `expected at least one of ${keys.join(', ')}`;
    context.addIssue({ code: 'custom', message, params: { suggestion } });
  };
}
