/** The section `statfs`. */
import * as z from 'zod';

import { FILESYSTEM_NAMES, parseFilesystem, refused, type Parsed } from '../filesystems.js';
import { ANSWER_FIELDS, flagsOf, STATFS_FLAGS, type AnswerField } from '../normalised.js';
import { didYouMean } from '../suggest.js';
import { paths, ruleId } from './common.js';
import { describeValue, needsOne, oneOrMore, reader, text, type Report } from './values.js';

/** Largest number of an answer: statfs counts are signed 64-bit for most programs. */
const MAX_NUMBER = 2n ** 63n - 1n;

/** A filesystem by name, constant or number, for editors. */
export const filesystemJson = {
  anyOf: [
    { enum: FILESYSTEM_NAMES },
    { type: 'string', pattern: '^(0x[0-9A-Fa-f]{1,8}|[A-Z0-9_]+)$' },
    { type: 'integer', minimum: 0, maximum: 0xffffffff },
  ],
};
const types = (description: string) =>
  oneOrMore('a filesystem', parseFilesystem, filesystemJson, description);

function parseNumber(value: string): Parsed<bigint> {
  const quoted = JSON.stringify(value);
  if (/^(0|[1-9][0-9]*)$/.test(value)) {
    const number = BigInt(value);
    if (number <= MAX_NUMBER) return { ok: true, value: number };
    return refused(`${quoted} is too large`, `write ${MAX_NUMBER} at most`);
  }
  const message = `${quoted} is not a whole number in decimal digits`;
  if (/^(0[0-9]+|0x[0-9a-f]+|0o[0-7]+)$/i.test(value)) {
    const decimal = /^0[0-9]/.test(value) ? value.replace(/^0+(?=.)/, '') : String(BigInt(value));
    return refused(message, `write ${decimal}`);
  }
  const plain = /^[0-9.]+(e[+]?[0-9]+)?$/i.test(value) ? Number(value) : Number.NaN;
  return refused(
    message,
    Number.isSafeInteger(plain) ? `write ${plain}` : 'write 0 or more: 1000000',
  );
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
      const meant = found.toLowerCase().replace(/^(st|ms)_/, '');
      report({
        message: `${JSON.stringify(found)} is not a flag of statfs`,
        suggestion: didYouMean(meant, known, `write one of ${known.join(', ')}`),
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
      ...filesystemJson,
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

/** One rule of `statfs`. */
export const statfsRule = z
  .strictObject({ id: ruleId.optional(), when, except: except.optional(), answer })
  .superRefine((rule, context) => {
    const excepted = rule.except?.type ?? [];
    if (rule.when.type?.every((type) => excepted.includes(type)) !== true) return;
    const message = 'the rule never holds: every type that it names is excepted';
    const params = { suggestion: 'remove a type from except, or the rule' };
    context.addIssue({ code: 'custom', message, path: ['except', 'type'], params });
  });
