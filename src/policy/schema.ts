/**
 * The shape of a policy file: checked with zod, published as JSON Schema for editors. Descriptions
 * become hover text there.
 */
import * as z from 'zod';

import { FILESYSTEM_NAMES, parseFilesystem, type Parsed } from './filesystems.js';
import { parseGlob } from './glob.js';
import {
  ANSWER_FIELDS,
  flagsOf,
  NAME_PATTERN,
  STATFS_FLAGS,
  type AnswerField,
} from './normalised.js';
import { suggest } from './suggest.js';

export const API_VERSION = 'seccomp-spoof/v1';
/** Largest number of an answer: statfs counts are signed 64-bit for most programs. */
const MAX_NUMBER = 2n ** 63n - 1n;

/** Sections that later versions will have; until then each is an error that says so. */
export const LATER_SECTIONS: readonly string[] = ['files', 'mounts', 'uname'];

/** A value as the YAML says it, for messages: `a list`, `the number 10`. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${String(value)}`;
  return `the value ${typeof value === 'boolean' ? String(value) : typeof value}`;
}

interface Fault {
  readonly message: string;
  readonly suggestion?: string | undefined;
  readonly path?: PropertyKey[];
}

type Report = (fault: Fault) => void;

/** A schema for any input, read by `read`, which reports what is wrong and returns the rest. */
function reader<T>(read: (input: unknown, report: Report) => T, json: Record<string, unknown>) {
  return z
    .unknown()
    .transform((input, context) =>
      read(input, ({ message, suggestion, path = [] }) => {
        context.issues.push({ code: 'custom', input, message, path, params: { suggestion } });
      }),
    )
    .meta(json);
}

function readText<T>(
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

function text<T>(what: string, parse: (text: string) => Parsed<T>, json: Record<string, unknown>) {
  return reader((input, report) => readText(input, what, parse, report) as T, json);
}

/** One text or a list of at least one. */
function oneOrMore<T>(
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

function matching(pattern: RegExp, message: string, suggestion: string) {
  return (value: string): Parsed<string> =>
    pattern.test(value)
      ? { ok: true, value }
      : { ok: false, message: `${JSON.stringify(value)} ${message}`, suggestion };
}

function parseNumber(value: string): Parsed<bigint> {
  const quoted = JSON.stringify(value);
  if (/^(0|[1-9][0-9]*)$/.test(value)) {
    const number = BigInt(value);
    if (number <= MAX_NUMBER) return { ok: true, value: number };
    return {
      ok: false,
      message: `${quoted} is too large`,
      suggestion: `write ${MAX_NUMBER} at most`,
    };
  }
  const message = `${quoted} is not a whole number in decimal digits`;
  if (/^(0[0-9]+|0x[0-9a-f]+|0o[0-7]+)$/i.test(value)) {
    const decimal = /^0[0-9]/.test(value) ? value.replace(/^0+(?=.)/, '') : String(BigInt(value));
    return { ok: false, message, suggestion: `write ${decimal}` };
  }
  const plain = /^[0-9.]+(e[+]?[0-9]+)?$/i.test(value) ? Number(value) : Number.NaN;
  const suggestion = Number.isSafeInteger(plain) ? `write ${plain}` : 'write 0 or more: 1000000';
  return { ok: false, message, suggestion };
}

function namePattern(fault: string, description: string) {
  const advice = 'write 1 to 64 letters, digits, dots, dashes and underscores';
  const json = { description, type: 'string', pattern: NAME_PATTERN.source };
  return text('a name', matching(NAME_PATTERN, fault, advice), json);
}

const name = namePattern(
  'is not a name',
  'Name of the policy: that of the file without .yaml, if it is to be found by name.',
);

const ruleId = namePattern(
  'is not a rule id',
  'Name of the rule; others call it POLICY/ID. Without it: POLICY/statfs/NUMBER.',
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

const references = textList(
  {
    what: 'a policy',
    fault: 'is no policy',
    advice: 'write a name or a path',
    about: 'A name, or a path (it has a /) relative to the directory of this file.',
  },
  'Policies whose rules this one takes over; later ones beat earlier ones.',
);

const removals = textList(
  {
    what: 'a rule id',
    fault: 'is no rule id',
    advice: 'write an id as "policy show" prints it',
    about: 'POLICY/ID of an inherited rule, as "policy show" prints it.',
  },
  'Rules, inherited through extends, that are not to be taken over.',
);

const typeJson = {
  anyOf: [
    { enum: FILESYSTEM_NAMES },
    { type: 'string', pattern: '^(0x[0-9A-Fa-f]{1,8}|[A-Z0-9_]+)$' },
    { type: 'integer', minimum: 0, maximum: 0xffffffff },
  ],
};
const pathJson = { type: 'string', pattern: '^/' };

const types = (description: string) =>
  oneOrMore('a filesystem', parseFilesystem, typeJson, description);

const paths = (description: string) =>
  oneOrMore('a path glob', parseGlob, pathJson, description).transform((globs) => [
    ...new Set(globs.flat()),
  ]);

type Names = Partial<Record<string, unknown>>;

function needsOne(keys: readonly string[], suggestion: string) {
  return (value: Names, context: z.RefinementCtx<Names>) => {
    if (keys.some((key) => value[key] !== undefined)) return;
    const message = `expected at least one of ${keys.join(', ')}`;
    context.addIssue({ code: 'custom', message, params: { suggestion } });
  };
}

const when = z
  .strictObject({
    type: types(
      'The real filesystem type: a name (9p) or a magic number in hexadecimal (0x01021997); of a list, any.',
    ).optional(),
    path: paths(
      "Absolute glob of the resolved path: * and ? within a component, ** for any number of components, {a,b}; of a list, any. Without type, the kernel's own filesystems and tmpfs are excepted.",
    ).optional(),
  })
  .superRefine(needsOne(['type', 'path'], 'write when: { type: 9p }'))
  .meta({ description: 'Where the rule holds: all that is given here must hold.' });

const except = z
  .strictObject({
    type: types('Real filesystem types for which the rule does not hold.').optional(),
    path: paths('Globs of paths for which the rule does not hold.').optional(),
  })
  .superRefine(needsOne(['type', 'path'], 'write except: { path: /mnt/** }'))
  .meta({ description: 'Where the rule does not hold: any of these is enough.' });

const number = (description: string) =>
  text('a number', parseNumber, {
    description,
    type: ['integer', 'string'],
    minimum: 0,
    pattern: '^(0|[1-9][0-9]*)$',
  }).optional();

function readFlags(input: unknown, report: Report): bigint {
  const known = Object.keys(STATFS_FLAGS);
  if (!Array.isArray(input)) {
    const suggestion = `write a list: [${typeof input === 'string' ? input : 'nosuid, nodev'}]`;
    report({ message: `expected a list of flags, found ${describeValue(input)}`, suggestion });
    return 0n;
  }
  const names = input.map((element: unknown, index) => {
    const found = typeof element === 'string' ? element : describeValue(element);
    if (!known.includes(found)) {
      const near = suggest(found.toLowerCase().replace(/^(st|ms)_/, ''), known);
      report({
        message: `${JSON.stringify(found)} is not a flag of statfs`,
        suggestion:
          near === undefined ? `write one of ${known.join(', ')}` : `did you mean ${near}?`,
        path: [index],
      });
    }
    return found;
  });
  return flagsOf(names);
}

/** Of each pair, the first counts a part of what the second counts. */
const PARTS: readonly (readonly [AnswerField, AnswerField])[] = [
  ['bfree', 'blocks'],
  ['bavail', 'blocks'],
  ['bavail', 'bfree'],
  ['ffree', 'files'],
];

const answer = z
  .strictObject({
    type: text('a filesystem', parseFilesystem, {
      ...typeJson,
      description: 'Filesystem type that the program is told (f_type).',
    })
      .transform((magic) => BigInt(magic))
      .optional(),
    blocks: number('Size of the filesystem, in blocks of its f_frsize bytes.'),
    bfree: number('Free blocks.'),
    bavail: number('Free blocks for ordinary users.'),
    files: number('Number of inodes.'),
    ffree: number('Free inodes.'),
    namelen: number('Longest file name, in bytes.'),
    flags: reader(readFlags, {
      description: 'The complete set of mount flags that the program is told (f_flags).',
      type: 'array',
      items: { enum: Object.keys(STATFS_FLAGS) },
    }).optional(),
  })
  .superRefine(needsOne(ANSWER_FIELDS, 'write answer: { type: ext4 }'))
  .superRefine((value, context) => {
    for (const [part, whole] of PARTS) {
      const [less, more] = [value[part], value[whole]];
      if (less === undefined || more === undefined || less <= more) continue;
      const message = `${part} ${less} is more than ${whole} ${more}`;
      const params = { suggestion: `write ${more} at most` };
      context.addIssue({ code: 'custom', message, path: [part], params });
    }
  })
  .meta({ description: 'What statfs(2) and fstatfs(2) say; other fields stay as they are.' });

const statfsRule = z
  .strictObject({ id: ruleId.optional(), when, except: except.optional(), answer })
  .superRefine((rule, context) => {
    const excepted = rule.except?.type ?? [];
    if (rule.when.type?.every((type) => excepted.includes(type)) !== true) return;
    const message = 'the rule never holds: every type that it names is excepted';
    const params = { suggestion: 'remove a type from except, or the rule' };
    context.addIssue({ code: 'custom', message, path: ['except', 'type'], params });
  });

/** One policy file. */
export const policySchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).meta({ description: 'Version of this format.' }),
    name,
    description: z.string().optional().meta({ description: 'What the policy is for: one line.' }),
    extends: references.optional(),
    remove: removals.optional(),
    statfs: z
      .array(statfsRule)
      .optional()
      .meta({ description: 'What statfs(2) and fstatfs(2) answer.' }),
    // The place of LATER_SECTIONS.
  })
  .meta({ title: 'seccomp-spoof policy' });

/** A policy file that has passed the schema; types are magic numbers, globs are expanded. */
export type PolicyDocument = z.output<typeof policySchema>;

/** Keys that are allowed in the map at this place, for suggestions. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(policySchema.shape);
  if (path[0] !== 'statfs') return [];
  if (path.length === 2) return Object.keys(statfsRule.shape);
  if (path[2] === 'answer') return ANSWER_FIELDS;
  return Object.keys(when.shape);
}

/** Keys whose plain numbers are taken as they are spelt: YAML would lose 0x and digits. */
export const SPELT_KEYS: ReadonlySet<string> = new Set(ANSWER_FIELDS);

/** The JSON Schema of a policy file, for editors. */
export function policyJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(policySchema, { io: 'input', unrepresentable: 'any' });
}
