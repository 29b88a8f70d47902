/** From what was asked to what each surface says of one path. */
import { getSystemErrorMap } from 'node:util';

import type { Surfaces, PathSurfaces, TablePath } from '../run/surfaces.js';
import { nameOf } from '../policy/filesystems.js';
import { withoutSubtype } from '../policy/tables.js';
import { coveringLine, mountLines, sameMount } from './mount-lines.js';
import type { MountLine, TableForm } from './mount-lines.js';

/** The surfaces, the one that others are measured by first. */
export const SURFACES = [
  'statfs(2)',
  'fstatfs(2)',
  '/proc/self/mountinfo',
  '/proc/self/mounts',
  '/etc/mtab',
  '/proc/self/mountstats',
  'statmount(2)',
  '/proc/filesystems',
] as const;
export type Surface = (typeof SURFACES)[number];

/** What a surface says. */
export interface Answer {
  /** The filesystem as a number (f_type), or null if this surface has none. */
  readonly magic: number | null;
  /** The filesystem as a word, or null if this surface has none. */
  readonly fstype: string | null;
  /** Why it says nothing: `ENOENT`, or words; null if it says something. */
  readonly error: string | null;
}

export type Answers = Readonly<Record<Surface, Answer>>;

const FORMS: Readonly<Record<Exclude<TablePath, '/proc/filesystems'>, TableForm>> = {
  '/proc/self/mountinfo': 'mountinfo',
  '/proc/self/mounts': 'mounts',
  '/etc/mtab': 'mounts',
  '/proc/self/mountstats': 'mountstats',
};

/** `ENOENT`, for a positive error number. */
export function errorName(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? `error ${errno}`;
}

function fails(error: string): Answer {
  return { magic: null, fstype: null, error };
}

type Told = PathSurfaces['statfs'] | PathSurfaces['statmount'];

function fromCall(told: Told): Answer {
  if ('error' in told) return fails(errorName(told.error));
  const fstype = 'fstype' in told && told.fstype !== '' ? told.fstype : null;
  return { magic: told.type, fstype, error: null };
}

/** The line of mountinfo that covers the path; undefined if there is none, or no mountinfo. */
export function mountinfoLineOf(surfaces: Surfaces, place: PathSurfaces): MountLine | undefined {
  const table = surfaces.tables['/proc/self/mountinfo'];
  return 'error' in table ? undefined : coveringLine(mountLines('mountinfo', table.text), place);
}

function fromTable(surfaces: Surfaces, place: PathSurfaces, name: keyof typeof FORMS): Answer {
  const table = surfaces.tables[name];
  if ('error' in table) return fails(errorName(table.error));
  const form = FORMS[name];
  const lines = mountLines(form, table.text);
  const mountinfo = surfaces.tables['/proc/self/mountinfo'];
  const all = 'error' in mountinfo ? [] : mountLines('mountinfo', mountinfo.text);
  const covering = coveringLine(all, place);
  const line =
    covering === undefined
      ? coveringLine(lines, place)
      : form === 'mountinfo'
        ? covering
        : sameMount(lines, covering, all);
  return line === undefined
    ? fails('no line covers it')
    : { magic: null, fstype: line.fstype, error: null };
}

/** Whether the kernel is said to know the filesystem that the other surfaces name. */
function fromFilesystems({ tables }: Surfaces, others: readonly Answer[]): Answer {
  const table = tables['/proc/filesystems'];
  if ('error' in table) return fails(errorName(table.error));
  const magic = others.find((answer) => answer.magic !== null)?.magic ?? null;
  const named =
    others.find((answer) => answer.fstype !== null)?.fstype ??
    (magic === null ? undefined : nameOf(magic));
  if (named === undefined) return fails('no name to look for');
  const fstype = withoutSubtype(named);
  const listed = table.text.split('\n').some((line) => line.split('\t')[1] === fstype);
  return listed ? { magic: null, fstype, error: null } : fails(`does not list ${fstype}`);
}

/** What every surface says of a path that was asked about. */
export function answersOf(surfaces: Surfaces, place: PathSurfaces): Answers {
  const others = {
    'statfs(2)': fromCall(place.statfs),
    'fstatfs(2)': fromCall(place.fstatfs),
    '/proc/self/mountinfo': fromTable(surfaces, place, '/proc/self/mountinfo'),
    '/proc/self/mounts': fromTable(surfaces, place, '/proc/self/mounts'),
    '/etc/mtab': fromTable(surfaces, place, '/etc/mtab'),
    '/proc/self/mountstats': fromTable(surfaces, place, '/proc/self/mountstats'),
    'statmount(2)': fromCall(place.statmount),
  };
  return { ...others, '/proc/filesystems': fromFilesystems(surfaces, Object.values(others)) };
}
