/** The section `files`. */
import { posix } from 'node:path';

import * as z from 'zod';

import { parseFilesystem, refused, type Parsed } from '../filesystems.js';
import { GENERATORS, WRITES } from '../normalised.js';
import { withPlaceholders } from '../parameters.js';
import { checkEdit } from './edit.js';
import { paths, programs, readSize, ruleId, sizeJson } from './common.js';
import { contradictions } from './files-check.js';
import { filesystemJson } from './statfs.js';
import { describeValue, needsOne, reader, text, type Report } from './values.js';

/** Bytes of a path, without its NUL: PATH_MAX. */
const MAX_PATH = 4095;
/** Bytes of content, as for files. */
const MAX_CONTENT = 1 << 20;

function parseTarget(written: string): Parsed<string> {
  const shown = JSON.stringify(written.slice(0, 60));
  const fault = (message: string, suggestion: string): Parsed<string> =>
    refused(`${shown}: ${message}`, suggestion);
  const masked = withPlaceholders(written, false);
  if (!masked.ok) return masked;
  if (!masked.value.startsWith('/')) {
    return fault('the target of a redirect is absolute', `write the path in full: /dev/null`);
  }
  if (/[*?]/.test(written)) {
    const plain = written.replace(/(\/\*\*)+$/, '');
    const suggestion = /[*?]/.test(plain)
      ? 'write /dev/null'
      : `write ${plain === '' ? '/' : plain}`;
    return fault('the target of a redirect is one path, no glob', suggestion);
  }
  if (/\p{Cc}/u.test(written))
    return fault('a path has no control character', 'write another path');
  const clean = posix.normalize(written).replace(/(?<=.)\/$/, '');
  if (clean !== written) return fault('the path is not in its shortest form', `write ${clean}`);
  if (Buffer.byteLength(written) > MAX_PATH) {
    return fault(`the path is longer than ${MAX_PATH} bytes`, 'write a shorter one');
  }
  return masked;
}

function parseContentFile(written: string): Parsed<string> {
  if (written === '' || written.includes('\0')) {
    return refused(`${JSON.stringify(written)} is no path`, 'write ./FILE');
  }
  if (!/^[~$]/.test(written)) return { ok: true, value: written };
  const message = `${JSON.stringify(written)} is not expanded`;
  return refused(message, 'write the path in full, or from this file on: ./FILE');
}

/** Text that has to be quoted where YAML would take it for something else. */
function readString(input: unknown, report: Report): string {
  if (typeof input === 'string') {
    if (Buffer.byteLength(input) > MAX_CONTENT) {
      report({ message: 'the content is larger than 1 MiB', suggestion: 'write less' });
    }
    return input;
  }
  const scalar = ['number', 'bigint', 'boolean'].includes(typeof input);
  report({
    message: `expected a text, found ${describeValue(input)}`,
    suggestion: scalar
      ? (spelt) => `write it in quotes: ${JSON.stringify(spelt)}`
      : 'write a text in quotes: "1\\n"',
  });
  return '';
}

/** YAML 1.2 takes 0644 for six hundred and forty-four, older readers for four hundred and twenty. */
function readMode(input: unknown, report: Report): number {
  const advise = (spelt: string): string => {
    const digits = spelt.replace(/^0?o/i, '');
    return /^[0-7]{1,5}$/.test(digits)
      ? `write it in quotes: "${digits.padStart(4, '0')}"`
      : 'write octal digits in quotes: "0644"';
  };
  if (typeof input !== 'string') {
    const message = `expected octal digits in quotes, found ${describeValue(input)}`;
    report({ message, suggestion: advise });
    return 0;
  }
  if (/^0?[0-7]{1,4}$/.test(input)) return Number.parseInt(input, 8);
  report({
    message: `${JSON.stringify(input)} is no mode of a file`,
    suggestion: /^0o/i.test(input) ? advise(input) : 'write octal digits in quotes: "0644"',
  });
  return 0;
}

const edit = z
  .strictObject({
    match: z.string().meta({
      description: 'POSIX extended regular expression, looked for in each line of the real file.',
    }),
    replace: z.string().meta({
      description:
        'What every match becomes; \\1 to \\9 stand for groups, \\0 for the whole match.',
    }),
  })
  .superRefine((value, context) => {
    for (const { key, message, suggestion } of checkEdit(value)) {
      context.addIssue({ code: 'custom', message, path: [key], params: { suggestion } });
    }
  });

function notEmpty(list: readonly unknown[], context: z.RefinementCtx<readonly unknown[]>): void {
  if (list.length > 0) return;
  const params = { suggestion: 'write [{ match: REGEX, replace: TEXT }]' };
  context.addIssue({ code: 'custom', message: 'the list is empty', params });
}

const except = z
  .strictObject({ program: programs.optional() })
  .superRefine(needsOne(['program'], 'write except: { program: systemd }'))
  .meta({ description: 'Programs that find what is really there.' });

/** One rule of `files`. */
export const fileRule = z
  .strictObject({
    id: ruleId.optional(),
    path: paths(
      'Absolute glob of the resolved path: * and ? within a component, ** for any number of components, {a,b}; of a list, any.',
    ),
    redirect: text('an absolute path', parseTarget, {
      description:
        'What is opened instead. With a path that ends in /** it is a directory: what lies below that path is looked for below this one.',
      type: 'string',
      pattern: '^(/|\\$\\{[a-z])',
    }).optional(),
    content: reader(readString, {
      description: 'What the file holds, in quotes: "1\\n".',
      type: 'string',
    }).optional(),
    contentFile: text('a path', parseContentFile, {
      description:
        'File with what the file holds, up to 1 MiB; relative to the directory of this policy, read when the policy is compiled.',
      type: 'string',
      minLength: 1,
    }).optional(),
    generate: z.enum(GENERATORS).optional().meta({
      description:
        'Content that depends on the machine: zero-per-cpu is a 0 for each CPU; memory-stat and memory-max-usage are made of memory.usage_in_bytes in the same directory of a cgroup of version 1, in the form of memory.stat and memory.max_usage_in_bytes; memory-stat-v2 of memory.current, for version 2.',
    }),
    rewrite: z.array(edit).superRefine(notEmpty).optional().meta({
      description: 'Changes to the lines of the real file, one after the other.',
      minItems: 1,
    }),
    writes: z.enum(WRITES).optional().meta({
      description:
        'What becomes of writes: refuse (default): it cannot be opened for them; discard: they are taken and forgotten; keep: the next open reads them.',
    }),
    when: z.enum(['always', 'missing']).optional().meta({
      description: 'missing: only while the real file does not exist. Default: always.',
    }),
    parents: z.boolean().optional().meta({
      description: 'true: directories above it that do not exist are said to. Default: false.',
    }),
    scope: z.enum(['host', 'all']).optional().meta({
      description:
        'host (default): only for programs with the root and mounts that the command was started with, so not in containers; all: for all.',
    }),
    filesystem: text('a filesystem', parseFilesystem, {
      ...filesystemJson,
      description: 'Filesystem that fstatfs(2) of the open file tells. Default: the real one.',
    }).optional(),
    mode: reader(readMode, {
      description: 'Permission bits: octal digits in quotes. Default: "0444", with writes "0644".',
      type: 'string',
      pattern: '^0?[0-7]{1,4}$',
    }).optional(),
    maxSize: reader(readSize, {
      description:
        'With writes: keep: how many bytes the file may hold, a number with or without KiB, MiB, GiB. Default: 64MiB.',
      ...sizeJson,
    }).optional(),
    except: except.optional(),
  })
  .superRefine((rule, context) => {
    for (const { keys, message, suggestion } of contradictions(rule)) {
      context.addIssue({ code: 'custom', message, path: [...keys], params: { suggestion } });
    }
  });
