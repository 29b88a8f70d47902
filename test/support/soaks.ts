// What a soak says that a script ran somewhere else, for tests.
import type { Soak } from '../../bench/soak/model.js';

/** The soak.json that the script has printed. */
export function reportOf({ stdout, stderr }: { stdout: string; stderr: string }): Soak {
  try {
    return JSON.parse(stdout) as Soak;
  } catch {
    throw new Error(`no report: ${stderr.slice(-4000)}`);
  }
}

/** Each criterion by its name. */
export function verdicts({ criteria }: Soak): Record<string, string> {
  return Object.fromEntries(criteria.map(({ name, verdict }) => [name, verdict]));
}
