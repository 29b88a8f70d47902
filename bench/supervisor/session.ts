// A program that makes calls when it is told to, below `exec`, and the processes that answer it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Coprocess } from '../coprocess.js';
import { spoof } from '../paths.js';

export interface Session {
  /** The program itself. */
  readonly pid: number;
  /** Guardian, and worker if there is one, as they are now. */
  readonly supervisors: () => number[];
  /** Makes the program make that many calls. */
  readonly call: (count: number) => Promise<void>;
}

interface LogLine {
  readonly msg: string;
  readonly guardian?: number;
  readonly worker?: number;
}

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

/** Runs `caller` on paths under a mechanism as long as `use` takes. */
export async function inSession<T>(
  caller: string,
  mechanism: string,
  paths: readonly string[],
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const place = mkdtempSync(join(tmpdir(), 'seccomp-spoof-bench-'));
  const log = join(place, 'log');
  const options = ['-m', mechanism, '--fstype', 'tmpfs=ext4', '--log-file', log];
  const program = new Coprocess([spoof, 'exec', ...options, '--', caller, ...paths]);
  try {
    return await use({
      pid: program.pid,
      supervisors: () => supervisorsIn(readFileSync(log, 'utf8')),
      call: async (count) => {
        await program.ask(String(count));
      },
    });
  } finally {
    await program.end();
    rmSync(place, { recursive: true, force: true });
  }
}
