// What is a gain: something that a program could read, write, make, empty or learn of below the
// supervisor, and not without it, but for what the rule itself says about the path.
import type { Kind, State } from './tree.js';

/** `NAME CALL: OUTCOME`, by `NAME CALL`. */
export function readLines(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => line.split(/: (.*)/) as [string, string]));
}

const succeeded = (outcome: string): boolean => /^(opened|done)/.test(outcome);
const bytesOf = (outcome: string): string | undefined => / read=(\S*)/.exec(outcome)?.[1];
const wrote = (outcome: string): boolean => outcome.endsWith(' written');

const saysItself: readonly Kind[] = ['told', 'discarded', 'kept'];

/** All that is really there begins so. */
const isReal = (outcome: string): boolean => outcome.includes(' read=secret');

/** `hidden`: the program may not even look there. */
function isGain(kind: Kind, hidden: boolean, native: string, wrapped: string): boolean {
  if (!succeeded(wrapped)) return false;
  if (saysItself.includes(kind) && !hidden)
    return isReal(wrapped) && !(succeeded(native) && bytesOf(native) !== undefined);
  return (
    !succeeded(native) ||
    (bytesOf(wrapped) !== undefined && bytesOf(native) === undefined) ||
    (wrote(wrapped) && !wrote(native))
  );
}

/** What a redirect leads to is found through links, whatever the flags say of the path. */
const nativeCall = (kind: Kind, what: string): string =>
  kind === 'redirected' || kind === 'tree'
    ? what
        .replace(/-no-link$/, '-reading')
        .replace('-bounded', '')
        .replace(/ lstat$/, ' stat')
    : what;

/** For each name: the calls that gained the same, natively and now. */
export function gains(
  kind: Kind,
  native: ReadonlyMap<string, string>,
  wrapped: ReadonlyMap<string, string>,
): string[] {
  const found = new Map<string, string[]>();
  for (const [what, outcome] of wrapped) {
    const [name = '', call = ''] = what.split(' ');
    const natively = native.get(nativeCall(kind, what)) ?? 'not tried';
    if (!isGain(kind, native.get(`${name} lstat`) === 'EACCES', natively, outcome)) continue;
    const gain = `${kind} ${name}: ${outcome}; natively ${natively}`;
    found.set(gain, [...(found.get(gain) ?? []), call]);
  }
  return [...found].map(([gain, calls]) => `${gain} (${calls.join(', ')})`);
}

const changed = (before: State, after: State): Set<string> =>
  new Set(
    [...before.keys(), ...after.keys()].filter((name) => before.get(name) !== after.get(name)),
  );

export interface Course {
  readonly before: State;
  readonly after: State;
}

/** What is otherwise on the disk than before, and was not changed by the native run. */
export function changes(native: Course, wrapped: Course): string[] {
  const natively = changed(native.before, native.after);
  return [...changed(wrapped.before, wrapped.after)]
    .filter((name) => !natively.has(name))
    .map((name) => `${name}: was ${wrapped.before.get(name)}, is ${wrapped.after.get(name)}`);
}
