// Where cgroups with a freezer can be made.
import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Test } from 'tap';
import { SILENCE_MS } from './silence.js';

/** Once the guardian has left it, which ends after its program. */
export async function removeCgroup(directory: string): Promise<void> {
  const until = Date.now() + SILENCE_MS;
  while (readFileSync(path.join(directory, 'cgroup.procs'), 'utf8') !== '' && Date.now() < until)
    await setTimeout(10);
  rmdirSync(directory);
}

/** Where hierarchies of the freezer's two kinds are mounted, by `freezer v1` and `freezer v2`. */
function hierarchies(): readonly (readonly [string, string])[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return mounts.flatMap((line): readonly (readonly [string, string])[] => {
    const [before = '', after = ''] = line.split(' - ');
    const [type, , options = ''] = after.split(' ');
    const point = before.split(' ')[4] ?? '';
    if (type === 'cgroup2') return [['freezer v2', point]];
    const isFirst = type === 'cgroup' && options.split(',').includes('freezer');
    return isFirst ? [['freezer v1', point]] : [];
  });
}

/** A cgroup of this kind, or undefined if none can be made here. */
export function freezer(name: 'freezer v1' | 'freezer v2'): string | undefined {
  for (const [kind, point] of hierarchies()) {
    if (kind !== name) continue;
    try {
      const directory = mkdtempSync(path.join(point, 'stress-'));
      if (existsSync(stateOf(directory))) return directory;
      rmdirSync(directory);
    } catch {
      // Not here.
    }
  }
  return undefined;
}

const stateOf = (directory: string): string => {
  const first = path.join(directory, 'freezer.state');
  return existsSync(first) ? first : path.join(directory, 'cgroup.freeze');
};

const isFrozen = (directory: string): boolean =>
  stateOf(directory).endsWith('freezer.state')
    ? readFileSync(stateOf(directory), 'utf8') === 'FROZEN\n'
    : readFileSync(path.join(directory, 'cgroup.events'), 'utf8').includes('frozen 1');

/** Until all in it are frozen: the kernel lets calls that it cannot freeze in come to their end. */
export async function freeze(directory: string): Promise<void> {
  const state = stateOf(directory);
  writeFileSync(state, state.endsWith('freezer.state') ? 'FROZEN' : '1');
  const until = Date.now() + SILENCE_MS;
  while (!isFrozen(directory)) {
    if (Date.now() > until) throw new Error(`${directory} does not freeze`);
    await setTimeout(1);
  }
}

export function thaw(directory: string): void {
  const state = stateOf(directory);
  writeFileSync(state, state.endsWith('freezer.state') ? 'THAWED' : '0');
}

/** Directories of the freezer's two kinds that cgroups can be made in, as far as there are any here. */
export function freezers(test: Test): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, point] of hierarchies()) {
    if (found.has(name)) continue;
    try {
      const directory = mkdtempSync(path.join(point, 'kill-'));
      if (existsSync(stateOf(directory))) found.set(name, directory);
      test.teardown(async () => {
        for (const inner of ['held', 'others', '.']) {
          const cgroup = path.join(directory, inner);
          if (existsSync(cgroup)) await removeCgroup(cgroup);
        }
      });
    } catch (error) {
      test.comment(`${name}: ${String(error)}`);
    }
  }
  for (const name of ['freezer v1', 'freezer v2'])
    if (!found.has(name)) test.comment(`not applicable: ${name}: no cgroup of it can be made here`);
  return found;
}
