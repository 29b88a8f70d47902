/** From what a policy file says to normalised rules: names, defaults, and exceptions that go without saying. */
import invariant from 'tiny-invariant';

import { KERNEL_TYPES } from './filesystems.js';
import {
  ANSWER_FIELDS,
  mapFields,
  SYSINFO_FIELDS,
  UNAME_FIELDS,
  type FileAnswer,
  type FileRule,
  type MountsRule,
  type Selector,
  type StatfsRule,
  type TableSelector,
  type SysinfoRule,
  type UnameRule,
} from './normalised.js';
import type { PolicyDocument } from './schema.js';
import { exceptsKernelColumns, KERNEL_COLUMNS } from './tables.js';

type Section = 'statfs' | 'mounts' | 'files';
type Entry<S extends Section> = NonNullable<PolicyDocument[S]>[number];

/** Where a rule stands in its file. */
export interface Place {
  /** Name of the policy. */
  readonly policy: string;
  /** From 0. */
  readonly index: number;
  /** `FILE:LINE`. */
  readonly origin: string;
}

function idOf(section: Section, id: string | undefined, { policy, index }: Place): string {
  return `${policy}/${id ?? `${section}/${index + 1}`}`;
}

function selectorOf(part: { type?: number[] | undefined; path?: string[] | undefined }): Selector {
  return { types: [...new Set(part.type ?? [])], paths: part.path ?? [] };
}

/**
 * The exceptions of a rule. One that names no type must not reach memory and the kernel's own
 * filesystems by a wide glob, so these are excepted without being written down.
 */
function effectiveExceptions(when: Selector, except: Selector): Selector {
  if (when.types.length > 0) return except;
  return { types: [...new Set([...except.types, ...KERNEL_TYPES])], paths: except.paths };
}

/** A rule of `statfs`. */
export function toStatfsRule(entry: Entry<'statfs'>, place: Place): StatfsRule {
  const when = selectorOf(entry.when);
  return {
    id: idOf('statfs', entry.id, place),
    origin: place.origin,
    when,
    except: effectiveExceptions(when, selectorOf(entry.except ?? {})),
    answer: mapFields(ANSWER_FIELDS, entry.answer, (value) => value),
  };
}

function tableSelectorOf(part: {
  fstype?: string[] | undefined;
  path?: string[] | undefined;
}): TableSelector {
  return { fstypes: part.fstype ?? [], paths: part.path ?? [] };
}

/** A rule of `mounts`. */
export function toMountsRule(entry: Entry<'mounts'>, place: Place): MountsRule {
  const { when, except = {}, answer } = entry;
  const implied = exceptsKernelColumns(when.fstype ?? [], answer) ? KERNEL_COLUMNS : [];
  const written = (except.fstype ?? []).filter((name) => !implied.includes(name));
  return {
    id: idOf('mounts', entry.id, place),
    origin: place.origin,
    when: tableSelectorOf(when),
    except: {
      fstypes: [...written, ...implied],
      paths: except.path ?? [],
      programs: except.program ?? [],
    },
    answer: {
      ...(answer.fstype === undefined ? {} : { fstype: answer.fstype }),
      ...(answer.source === undefined ? {} : { source: answer.source }),
      ...(answer.shared === undefined ? {} : { shared: answer.shared }),
    },
  };
}

/** What only the file's surroundings tell of a rule of `files`. */
export interface FileContext {
  /** Reads a file of content: its bytes and where they are. */
  readonly read: (path: string) => { readonly bytes: Uint8Array; readonly path: string };
  /** `FILE:LINE:COLUMN` of an expression. */
  readonly positionOf: (edit: number) => string;
}

function fileAnswer(entry: Entry<'files'>, { read, positionOf }: FileContext): FileAnswer {
  const { redirect, content, contentFile, generate, rewrite } = entry;
  if (redirect !== undefined) {
    return { redirect, tree: entry.path.some((glob) => glob.endsWith('/**')) };
  }
  if (content !== undefined) return { content: Buffer.from(content) };
  if (contentFile !== undefined) {
    const { bytes, path } = read(contentFile);
    return { content: bytes, contentFile: path };
  }
  if (generate !== undefined) return { generate };
  invariant(rewrite !== undefined, 'the schema lets no rule without an answer pass');
  return { rewrite: rewrite.map((edit, index) => ({ ...edit, origin: positionOf(index) })) };
}

/** A rule of `files`. */
export function toFileRule(entry: Entry<'files'>, place: Place, context: FileContext): FileRule {
  const { path, filesystem, mode, maxSize } = entry;
  return {
    id: idOf('files', entry.id, place),
    origin: place.origin,
    when: { paths: path, missing: entry.when === 'missing' },
    except: { programs: entry.except?.program ?? [] },
    answer: fileAnswer(entry, context),
    writes: entry.writes ?? 'refuse',
    parents: entry.parents ?? false,
    scope: entry.scope ?? 'host',
    ...(filesystem === undefined ? {} : { filesystem }),
    ...(mode === undefined ? {} : { mode }),
    ...(maxSize === undefined ? {} : { maxSize }),
  };
}

/** What `sysinfo` says; it is one map a file. */
export function toSysinfoRule(
  entry: NonNullable<PolicyDocument['sysinfo']>,
  { policy, origin }: Omit<Place, 'index'>,
): SysinfoRule {
  return {
    id: `${policy}/sysinfo`,
    origin,
    answer: mapFields(SYSINFO_FIELDS, entry, (value) => value),
  };
}

/** What `uname` says; it is one map a file. */
export function toUnameRule(
  entry: NonNullable<PolicyDocument['uname']>,
  { policy, origin }: Omit<Place, 'index'>,
): UnameRule {
  return {
    id: `${policy}/uname`,
    origin,
    answer: mapFields(UNAME_FIELDS, entry, (value) => value),
  };
}
