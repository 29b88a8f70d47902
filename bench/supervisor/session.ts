// A program that makes calls when it is told to, below `exec`, and the processes that answer it.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

function supervisorsIn(log: string): number[] {
  const lines = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
  return [
    lines.findLast(({ msg }) => msg === 'guardian started')?.guardian,
    lines.findLast(({ msg }) => msg === 'worker started')?.worker,
  ].filter((pid) => pid !== undefined);
}

/** Runs `caller` on `path` under a mechanism as long as `use` takes. */
export async function inSession<T>(
  caller: string,
  mechanism: string,
  path: string,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const place = mkdtempSync(join(tmpdir(), 'seccomp-spoof-bench-'));
  const log = join(place, 'log');
  const options = ['-m', mechanism, '--fstype', 'tmpfs=ext4', '--log-file', log];
  const child = spawn(spoof, ['exec', ...options, '--', caller, path], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      reject(new Error(`${mechanism}: the program ended with ${status}: ${errors}`));
    });
  });
  ended.catch(() => undefined); // after `use` nobody waits for it any more
  const call = async (count: number): Promise<void> => {
    const done = new Promise<void>((resolve) => {
      child.stdout.once('data', () => {
        resolve();
      });
    });
    child.stdin.write(`${count}\n`);
    await Promise.race([done, ended]);
  };
  try {
    const { pid } = child;
    if (pid === undefined) await ended;
    return await use({
      pid: pid ?? NaN,
      supervisors: () => supervisorsIn(readFileSync(log, 'utf8')),
      call,
    });
  } finally {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
    rmSync(place, { recursive: true, force: true });
  }
}
