// Which system calls processes make while something is done, counted by strace(1) from outside.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Calls by name in lines of strace: each where it begins, whoever makes others before it ends. */
export function countLines(text: string): Map<string, number> {
  const counted = new Map<string, number>();
  for (const [, name = ''] of text.matchAll(/^\d+ +(\w+)\(/gm))
    counted.set(name, (counted.get(name) ?? 0) + 1);
  return counted;
}

/** It may not be allowed to watch: what it says of that. */
export class CannotWatch extends Error {}

/** Said when it begins to attach; only a little later it sees all that they do. */
async function attached(strace: ChildProcess, pids: readonly number[]): Promise<void> {
  let said = '';
  const waiting = new Set(pids);
  const { stderr } = strace;
  if (stderr === null) throw new Error('strace has no standard error');
  for await (const text of stderr.setEncoding('utf8') as AsyncIterable<string>) {
    said += text;
    for (const [, pid] of said.matchAll(/Process (\d+) attached/g)) waiting.delete(Number(pid));
    if (waiting.size === 0) return;
  }
  throw new CannotWatch(said.trim());
}

const MOST_TRIES = 20;
/** Of `what`, in bytes: as long as strace sees hardly anything it is not there yet. */
const LEAST_SEEN = 20_000;

/**
 * Of all threads of these processes, while `what` is done, which takes at least 1000 calls. Throws
 * CannotWatch.
 */
export async function countCalls(
  pids: readonly number[],
  what: () => Promise<void>,
): Promise<Map<string, number>> {
  const place = mkdtempSync(join(tmpdir(), 'seccomp-spoof-bench-'));
  const log = join(place, 'log');
  const processes = pids.flatMap((pid) => ['-p', String(pid)]);
  const strace = spawn('strace', ['-f', '-o', log, ...processes], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(strace, 'close');
  try {
    await attached(strace, pids);
    let seen = 0;
    for (let tries = 0; ; tries++) {
      const before = seen;
      await what();
      seen = statSync(log).size;
      if (seen - before > LEAST_SEEN) break;
      if (tries === MOST_TRIES) throw new CannotWatch('strace sees nothing of what they do');
    }
    await what();
    strace.kill('SIGINT');
    await ended;
    return countLines(readFileSync(log).subarray(seen).toString());
  } finally {
    strace.kill('SIGKILL');
    rmSync(place, { recursive: true, force: true });
  }
}
