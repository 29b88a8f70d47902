/** The section `mounts`. */
import * as z from 'zod';

import { FILESYSTEM_NAMES, parseFilesystem, refused, type Parsed } from '../filesystems.js';
import { parseWordGlob } from '../glob.js';
import { columnNames } from '../tables.js';
import { flattened, paths, programs, ruleId } from './common.js';
import { describeValue, needsOne, oneOrMore, reader, text, type Report } from './values.js';

/** Bytes of a type or source in a table, as rules tell them. */
const MAX_COLUMN = 255;
/** Largest number of a peer group: an int of the kernel. */
const MAX_GROUP = 2n ** 31n - 1n;

/** What is written as for `statfs`, by number or constant: tables have names only. */
function refuseMagic(written: string): Parsed<never> | undefined {
  const isConstant = /^[A-Z][A-Z0-9_]*_MAGIC/.test(written);
  if (!isConstant && !/^(0x[0-9a-f]*|[0-9]{4,})$/i.test(written)) return undefined;
  const [name] = [written, `0x${written}`].flatMap((spelling) => {
    const magic = parseFilesystem(spelling);
    return magic.ok ? columnNames(magic.value) : [];
  });
  const message = `mount tables have names, no magic numbers: ${JSON.stringify(written)}`;
  return refused(message, `write ${name ?? 'the name, as findmnt shows it'}`);
}

/** What the kernel writes as octal numbers. */
const NO_COLUMN = /[\s\p{Cc}\\#]/u;

function parseFstypeGlob(written: string): Parsed<readonly string[]> {
  return refuseMagic(written) ?? parseWordGlob(written);
}

function parseFstype(written: string): Parsed<string> {
  const wrong = refuseMagic(written);
  if (wrong !== undefined) return wrong;
  const fault = (message: string, suggestion: string): Parsed<string> =>
    refused(`${JSON.stringify(written.slice(0, 60))} ${message}`, suggestion);
  if (written === '') return fault('is no filesystem type', 'write a name: ext4');
  if (/[*?{}]/.test(written)) return fault('is a glob, a line has one type', 'write a name: ext4');
  // The kernel would write these as octal numbers.
  if (NO_COLUMN.test(written)) {
    return fault('has a character that no type has', 'write a name: ext4');
  }
  if (Buffer.byteLength(written) > MAX_COLUMN) {
    return fault(`is longer than ${MAX_COLUMN} bytes`, 'write a name: ext4');
  }
  return { ok: true, value: written };
}

function parseSource(written: string): Parsed<string> {
  const fault = (message: string): Parsed<string> =>
    refused(`${JSON.stringify(written.slice(0, 60))} ${message}`, 'write a device: /dev/vda1');
  if (written === '') return fault('is no source of a mount');
  if (NO_COLUMN.test(written)) {
    return fault('has a blank, \\, # or another character that stands in no table');
  }
  if (Buffer.byteLength(written) > MAX_COLUMN) return fault(`is longer than ${MAX_COLUMN} bytes`);
  return { ok: true, value: written };
}

function readGroup(input: unknown, report: Report): number {
  if (input === true) return 1;
  if (typeof input === 'bigint' && input >= 1n && input <= MAX_GROUP) return Number(input);
  const message =
    typeof input === 'bigint'
      ? `${input} is no number of a peer group`
      : `expected true or the number of a peer group, found ${describeValue(input)}`;
  const suggestion =
    input === false ? 'leave the key out' : `write true, or a number from 1 to ${MAX_GROUP}`;
  report({ message, suggestion });
  return 1;
}

const fstypeJson = { anyOf: [{ enum: FILESYSTEM_NAMES }, { type: 'string', minLength: 1 }] };

const fstypes = (description: string) =>
  oneOrMore('a filesystem type', parseFstypeGlob, fstypeJson, description).transform(flattened);

const when = z
  .strictObject({
    fstype: fstypes(
      'The real type in the table: a text or a glob with * and ? (9p, fuse.*); of a list, any.',
    ).optional(),
    path: paths(
      "Absolute glob of the mount point: * and ? within a component, ** for any number of components, {a,b}; of a list, any. Without fstype, the kernel's own filesystems and tmpfs get no other type.",
    ).optional(),
  })
  .superRefine(needsOne(['fstype', 'path'], 'write when: { fstype: 9p }'))
  .meta({ description: 'Where the rule holds: all that is given here must hold.' });

const except = z
  .strictObject({
    fstype: fstypes('Real types for which the rule does not hold: texts or globs.').optional(),
    path: paths('Globs of mount points for which the rule does not hold.').optional(),
    program: programs.optional(),
  })
  .superRefine(needsOne(['fstype', 'path', 'program'], 'write except: { program: systemd }'))
  .meta({ description: 'Where the rule does not hold: any of these is enough.' });

const answer = z
  .strictObject({
    fstype: text('a filesystem type', parseFstype, {
      ...fstypeJson,
      description: 'Type that the table names.',
    }).optional(),
    source: text('a source of a mount', parseSource, {
      type: 'string',
      minLength: 1,
      description:
        'Source (device) that the table names. Programs compare and open it: see docs/policy.md. One for each mount.',
    }).optional(),
    shared: reader(readGroup, {
      description:
        'In mountinfo, a mount that is in no peer group is said to be in this one; true: 1.',
      anyOf: [{ const: true }, { type: 'integer', minimum: 1, maximum: Number(MAX_GROUP) }],
    }).optional(),
  })
  .superRefine(needsOne(['fstype', 'source', 'shared'], 'write answer: { fstype: ext4 }'))
  .meta({ description: 'What the lines say instead; all else in them stays as it is.' });

/** One rule of `mounts`. */
export const mountsRule = z
  .strictObject({ id: ruleId.optional(), when, except: except.optional(), answer })
  .superRefine((rule, context) => {
    const excepted = rule.except?.fstype ?? [];
    if (rule.when.fstype?.every((glob) => excepted.includes(glob)) !== true) return;
    const message = 'the rule never holds: every type that it names is excepted';
    const params = { suggestion: 'remove a type from except, or the rule' };
    context.addIssue({ code: 'custom', message, path: ['except', 'fstype'], params });
  });
