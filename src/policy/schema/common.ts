/** Parts of the schema that several sections have: names, references, path globs. */
import * as z from 'zod';

import { parseGlob, parseWordGlob } from '../glob.js';
import { NAME_PATTERN, SIZE_UNITS } from '../normalised.js';
import { describeValue, matching, oneOrMore, text, type Report } from './values.js';

function namePattern(fault: string, description: string) {
  const advice = 'write 1 to 64 letters, digits, dots, dashes and underscores';
  const json = { description, type: 'string', pattern: NAME_PATTERN.source };
  return text('a name', matching(NAME_PATTERN, fault, advice), json);
}

export const name = namePattern(
  'is not a name',
  'Name of the policy: that of the file without .yaml, if it is to be found by name.',
);

export const ruleId = namePattern(
  'is not a rule id',
  'Name of the rule; others call it POLICY/ID. Without it: POLICY/SECTION/NUMBER.',
);

function textList(
  item: {
    readonly what: string;
    readonly fault: string;
    readonly advice: string;
    readonly about: string;
  },
  description: string,
) {
  const { what, fault, advice, about } = item;
  const json = { description: about, type: 'string', minLength: 1 };
  return z.array(text(what, matching(/./s, fault, advice), json)).meta({ description });
}

export const references = textList(
  {
    what: 'a policy',
    fault: 'is no policy',
    advice: 'write a name or a path',
    about: 'A name, or a path (it has a /) relative to the directory of this file.',
  },
  'Policies whose rules this one takes over; later ones beat earlier ones.',
);

export const removals = textList(
  {
    what: 'a rule id',
    fault: 'is no rule id',
    advice: 'write an id as "policy show" prints it',
    about: 'POLICY/ID of an inherited rule, as "policy show" prints it.',
  },
  'Rules, inherited through extends, that are not to be taken over.',
);

const pathJson = { type: 'string', pattern: '^(/|\\$\\{[a-z])' };

/** Expanded globs, each once. */
export const flattened = (globs: readonly (readonly string[])[]): string[] => [
  ...new Set(globs.flat()),
];

/** Path globs, with their braces expanded. */
export const paths = (description: string) =>
  oneOrMore('a path glob', parseGlob, pathJson, description).transform(flattened);

const programJson = { type: 'string', pattern: '^[^/\\s]+$' };

/** Globs of the names of programs, with their braces expanded. */
export const programs = oneOrMore(
  'the name of a program',
  parseWordGlob,
  programJson,
  'Programs for which the rule does not hold: globs of the last part of the file that runs (systemd).',
).transform(flattened);

const SIZE = /^(0|[1-9][0-9]*) ?(KiB|MiB|GiB)?$/;

/** A number of bytes, with or without a unit. */
export function readSize(input: unknown, report: Report): number {
  const written = ['bigint', 'number', 'string'].includes(typeof input) ? String(input) : '';
  const [, digits = '', unit] = SIZE.exec(written) ?? [];
  const bytes = Number(digits) * (SIZE_UNITS.find(([name]) => name === unit)?.[1] ?? 1);
  if (digits !== '' && Number.isSafeInteger(bytes)) return bytes;
  report({
    message: `expected a number of bytes, found ${describeValue(input)}`,
    suggestion: digits === '' ? 'write a whole number: 64MiB' : 'write a smaller number: 64MiB',
  });
  return 0;
}

/** The same, for editors. */
export const sizeJson = {
  type: ['integer', 'string'],
  minimum: 0,
  pattern: SIZE.source,
};
