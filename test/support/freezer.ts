// Where cgroups with a freezer can be made.
import { existsSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { SILENCE_MS } from './silence.js';

/** Once the guardian has left it, which ends after its program. */
export async function removeCgroup(directory: string): Promise<void> {
  const until = Date.now() + SILENCE_MS;
  while (readFileSync(path.join(directory, 'cgroup.procs'), 'utf8') !== '' && Date.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 10));
  rmdirSync(directory);
}

/** Directories of the freezer's two kinds that cgroups can be made in, as far as there are any here. */
export function freezers(test: Test): ReadonlyMap<string, string> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const places = mounts.flatMap((line): readonly (readonly [string, string])[] => {
    const [before = '', after = ''] = line.split(' - ');
    const [type, , options = ''] = after.split(' ');
    const point = before.split(' ')[4] ?? '';
    if (type === 'cgroup2') return [['freezer v2', point]];
    const isFirst = type === 'cgroup' && options.split(',').includes('freezer');
    return isFirst ? [['freezer v1', point]] : [];
  });
  const found = new Map<string, string>();
  for (const [name, point] of places) {
    if (found.has(name)) continue;
    try {
      const directory = mkdtempSync(path.join(point, 'kill-'));
      const file = name === 'freezer v2' ? 'cgroup.freeze' : 'freezer.state';
      if (existsSync(path.join(directory, file))) found.set(name, directory);
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
