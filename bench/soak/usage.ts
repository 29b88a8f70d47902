// What processes use, by /proc/PID/stat: proc_pid_stat(5).
import { readFileSync } from 'node:fs';
import type { Usage } from './model.js';

/** USER_HZ: what /proc counts in is the same on every Linux that we run on (proc(5)). */
const TICKS = 100;
const PAGE_KB = 4;
/** utime, stime, and the same of children that have ended. */
const times = [14, 15, 16, 17];

interface Process {
  readonly memory: number;
  readonly cpu: number;
}

function look(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Behind the name, which may hold anything: field 3 is the first.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (number: number): number => Number(fields[number - 3]);
    return {
      memory: field(24) * PAGE_KB,
      cpu: times.reduce((sum, number) => sum + field(number), 0) / TICKS,
    };
  } catch {
    return undefined; // it has ended
  }
}

/** Of several processes together; null: none of them is there. */
export function usageOf(pids: readonly number[]): Usage | null {
  const found = pids.map(look).filter((each) => each !== undefined);
  if (found.length === 0) return null;
  const sum = (field: keyof Process): number => found.reduce((all, one) => all + one[field], 0);
  return { processes: found.length, memory: sum('memory'), cpu: sum('cpu') };
}
