// Binding a command to one CPU.
import { readFileSync } from 'node:fs';
import { isInstalled, once } from './try.js';

/** The first CPU that this process may use. */
const firstCpu = once((): string => {
  const status = readFileSync('/proc/self/status', 'utf8');
  return /^Cpus_allowed_list:\s*(\d+)/m.exec(status)?.[1] ?? '0';
});

/** Why nothing can be pinned, or undefined. */
export const cannotPin = once((): string | undefined =>
  isInstalled('taskset') ? undefined : 'taskset (util-linux) is not installed',
);

export const pin = (words: readonly string[], pinned: boolean): readonly string[] =>
  pinned ? ['taskset', '-c', firstCpu(), ...words] : words;
