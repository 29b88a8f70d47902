// What /proc tells of processes: memory, descriptors, descendants.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

export interface Held {
  /** Resident memory in kB: all of it, and the fair share of what others map too. */
  readonly rss: number;
  readonly pss: number;
  readonly descriptors: number;
}

function kilobytes(text: string, field: string): number {
  const found = new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`smaps_rollup does not tell ${field}`);
  return Number(found);
}

/** Of several processes together. */
export function held(pids: readonly number[]): Held {
  const each = pids.map((pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return {
      rss: kilobytes(rollup, 'Rss'),
      pss: kilobytes(rollup, 'Pss'),
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
    };
  });
  const sum = (field: keyof Held): number => each.reduce((all, one) => all + one[field], 0);
  return { rss: sum('rss'), pss: sum('pss'), descriptors: sum('descriptors') };
}

/** A file of each process in /proc, by process; one that ends meanwhile is not in it. */
function filesOfAll(file: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      found.set(Number(name), readFileSync(`/proc/${name}/${file}`, 'utf8'));
    } catch {
      continue; // it has ended
    }
  }
  return found;
}

/** These processes and all that descend from them. */
export function descendants(pids: readonly number[]): number[] {
  const all = new Set(pids);
  const known = [...filesOfAll('stat')].map(([pid, stat]) => {
    const parent = /^\S+ (\d+)/.exec(stat.slice(stat.lastIndexOf(')') + 2))?.[1];
    return { pid, parent: Number(parent) };
  });
  let before: number;
  do {
    before = all.size;
    for (const { pid, parent } of known) if (all.has(parent)) all.add(pid);
  } while (all.size > before);
  return [...all];
}

/**
 * Those below this process that serve stopped calls, by the names that they give themselves. It has to
 * be the parent of orphans (orphans.c), or they are not below it.
 */
export function supervisorsBelow(pid: number): number[] {
  const names = filesOfAll('comm');
  return descendants([pid]).filter((each) =>
    /^spoof-(guardian|worker)$/m.test(names.get(each) ?? ''),
  );
}

/** The programs that run in these processes and in all that descend from them. */
export const programsOf = (pids: readonly number[]): string[] =>
  descendants(pids).map((pid) => basename(readlinkSync(`/proc/${pid}/exe`)));

interface LogLine {
  readonly msg: string;
  readonly guardian?: number;
  readonly worker?: number;
}

/** Guardian, and worker if there is one, as the log of `exec` tells. */
export function supervisorsIn(log: string): number[] {
  const lines = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
  return [
    lines.findLast(({ msg }) => msg === 'guardian started')?.guardian,
    lines.findLast(({ msg }) => msg === 'worker started')?.worker,
  ].filter((pid) => pid !== undefined);
}
