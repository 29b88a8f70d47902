/** Do the surfaces agree with each other? What contradicts, and what is only the kernel's own way. */
import { columnMagic, columnNames, withoutSubtype } from '../policy/tables.js';
import { SURFACES } from './answers.js';
import type { Answer, Answers, Surface } from './answers.js';

/** Surfaces that no mechanism answers, and why. */
export type Uncovered = Readonly<Partial<Record<Surface, string>>>;

/** What such surfaces say is not counted as a contradiction. docs/verify.md has the same list. */
export const NOT_COVERED: Uncovered = {};

/** Of one surface within the wrapped run. */
export type Verdict = 'agrees' | 'contradiction' | 'natively so' | 'not covered' | 'silent';

export interface Judged {
  readonly surface: Surface;
  readonly native: Answer;
  readonly told: Answer;
  readonly verdict: Verdict;
  /** What is wrong, or why it does not count; empty where nothing is to be said. */
  readonly reason: string;
}

/** May mount tables name a filesystem with this f_type so? */
function isNameOf(magic: number, fstype: string): boolean {
  const names = columnNames(magic);
  const name = withoutSubtype(fstype);
  const known = columnMagic(fstype);
  // A number and a name that are both not in our tables: nobody can tell.
  return names.includes(name) || known === magic || (names.length === 0 && known === 0);
}

/** Is it the same name? Not every surface has the subtype of `fuse.sshfs`. */
function isSameName(a: string, b: string): boolean {
  return (
    a === b || (withoutSubtype(a) === withoutSubtype(b) && (!a.includes('.') || !b.includes('.')))
  );
}

/** Can both answers be true of one filesystem? */
export function agree(a: Answer, b: Answer): boolean {
  const numbers = a.magic === null || b.magic === null || a.magic === b.magic;
  const names = a.fstype === null || b.fstype === null || isSameName(a.fstype, b.fstype);
  const across = [a, b].every(({ magic }) =>
    [a, b].every(({ fstype }) => magic === null || fstype === null || isNameOf(magic, fstype)),
  );
  return numbers && names && across;
}

function isSame(a: Answer, b: Answer): boolean {
  return a.magic === b.magic && a.fstype === b.fstype && a.error === b.error;
}

type Finding = Pick<Judged, 'verdict' | 'reason'>;

/** The finding about one surface; `earlier` are those that it must agree with. */
function judgeOne(
  native: Answers,
  told: Answers,
  surface: Surface,
  earlier: readonly Surface[],
  uncovered: Uncovered,
): Finding {
  const own = told[surface];
  if (own.error !== null) {
    return native[surface].error === null
      ? { verdict: 'contradiction', reason: 'fails; natively it does not' }
      : { verdict: 'silent', reason: '' };
  }
  // It only lists what the others name.
  if (surface === '/proc/filesystems') return { verdict: 'agrees', reason: '' };
  const changed = (which: Surface): boolean => !isSame(native[which], told[which]);
  const opponents = earlier.filter((other) => !agree(told[other], own));
  const [first] = opponents;
  if (first === undefined) return { verdict: 'agrees', reason: '' };
  const excuse = uncovered[surface];
  if (excuse !== undefined) return { verdict: 'not covered', reason: excuse };
  const real = opponents.find((other) => changed(other) || changed(surface));
  // What the kernel itself says of two surfaces is no fault of the policy.
  return real === undefined
    ? { verdict: 'natively so', reason: `differs from ${first} natively, too` }
    : { verdict: 'contradiction', reason: `not what ${real} says` };
}

/** Judges every surface of a path by those that come before it. */
export function judge(
  native: Answers,
  told: Answers,
  uncovered: Uncovered = NOT_COVERED,
): Judged[] {
  const earlier: Surface[] = [];
  return SURFACES.map((surface) => {
    const finding = judgeOne(native, told, surface, earlier, uncovered);
    if (told[surface].error === null && uncovered[surface] === undefined) earlier.push(surface);
    return { surface, native: native[surface], told: told[surface], ...finding };
  });
}
