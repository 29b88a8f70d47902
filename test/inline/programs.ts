// The programs of these tests, natively and below `exec --inline`.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { run } from '../claims/helpers.js';
import { compileIn } from '../support/compile.js';
import { buildGo } from '../support/go.js';
import { seccompSpoof } from '../support/paths.js';

interface Told {
  readonly stopped: number;
  readonly inline: readonly { readonly outcome: string; readonly count: number }[];
}

/** How often the program asks at least. */
export const ASKS = 2000;
/** More calls are not stopped where a program answers by itself. */
export const FEW = 60;

/** Verbs of opens.c: [verb, calls that have to be stopped, at most]. */
export const opensStopped = [
  ['edges', ASKS, Infinity],
  ['registers', 0, FEW],
  ['looks-alike', 0, Infinity],
  ['spawns', 0, 2 * FEW],
  ['signals', 0, FEW],
  ['fifo', 0, FEW],
  ['children', 0, FEW],
] as const;

export const DYNAMICALLY = ['-O2', '-D_GNU_SOURCE', '-pthread'];

export const dynamicallyLinked = (name: string): string =>
  compileIn('inline', `${name}-dynamic`, [`${name}.c`], DYNAMICALLY);

export const statically = compileIn('inline', 'ask', ['ask.c']);
export const asking = [
  ['static', statically],
  ['dynamic', dynamicallyLinked('ask')],
] as const;
export const opening = [
  ['static', compileIn('inline', 'opens', ['opens.c'])],
  ['dynamic', dynamicallyLinked('opens')],
] as const;

export const filters = compileIn('inline', 'filters', ['filters.c']);

/** A place with files that they ask for; each calls it with its own end. */
export function makePlace(parent = '/dev/shm'): { place: string; remove: () => void } {
  const place = mkdtempSync(path.join(parent, 'seccomp-spoof-'));
  chmodSync(place, 0o755);
  mkdirSync(path.join(place, 'dir'));
  for (const name of ['file', 'dir/file', 'a', 'abcd', 'counts'])
    writeFileSync(path.join(place, name), '');
  symlinkSync('file', path.join(place, 'link'));
  symlinkSync('loop', path.join(place, 'loop'));
  return {
    place,
    remove: () => {
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** A type that nothing here has. */
export const policy = ['--fstype', 'tmpfs=9p'];

type Wrapped = ReturnType<typeof wrapped>;

/** Runs `command` below `exec` with these words; `before`: what starts that. */
export function wrapped(
  words: readonly string[],
  command: readonly string[],
  before: readonly string[] = [],
  rules: readonly string[] = policy,
) {
  const stats = ['--stats', '--stats-format', 'json', ...rules];
  const result = run([...before, seccompSpoof, 'exec', ...stats, ...words, '--', ...command]);
  const last = result.stderr.trim().split('\n').at(-1) ?? '';
  return { ...result, told: JSON.parse(last) as Told };
}

export const countOf = ({ inline }: Told, outcome: RegExp): number =>
  inline.filter((each) => outcome.test(each.outcome)).reduce((sum, { count }) => sum + count, 0);

/** A program in Go, whose runtime has threads and signals, is told the same, and hardly stopped. `by`: runs it with `--inline WHEN`. */
export function checkGo(t: Test, by: (when: string, command: readonly string[]) => Wrapped): void {
  const command = [buildGo('test/inline/asks.go', 'inline/asks-go'), 'go'];
  const off = by('off', command);
  const { status, signal, stdout, stderr, told } = by('always', command);
  t.equal(status, 0, `${signal} ${stderr}`);
  t.equal(stdout, off.stdout, 'the same is told');
  t.ok(off.told.stopped >= ASKS, `${off.told.stopped} calls are stopped without it`);
  t.ok(told.stopped < off.told.stopped / 10, `${told.stopped} calls were stopped`);
  t.ok(countOf(told, /^places/) > 0, JSON.stringify(told.inline));
}

/** While another thread gets places. */
export function checkFilterForAll(
  t: Test,
  by: (when: string, command: readonly string[]) => Wrapped,
): void {
  for (let number = 0; number < 5; number++) {
    const { status, signal, stderr } = by('always', [filters, 'other-thread', `${number}`]);
    t.equal(status, 0, `${number}: ${signal} ${stderr}`);
  }
}
