// Which system calls processes make while something is done, counted by strace(1) from outside.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENCE_MS } from '../../test/support/silence.js';

/** An eventfd is written: somebody is woken who looks every now and then, not at each call. */
const wakes = /^write\(\d+, "\\1(?:\\0){7}", 8/;

/**
 * Calls by name in lines of strace: each where it begins, whoever makes others before it ends.
 * Without those of the threads `lookouts`, which work by the clock, and those that wake them.
 */
export function countLines(text: string, lookouts: readonly number[] = []): Map<string, number> {
  const counted = new Map<string, number>();
  for (const [, tid = '', call = '', name = ''] of text.matchAll(/^(\d+) +((\w+)\(.*)/gm))
    if (lookouts.length === 0 || !(lookouts.includes(Number(tid)) || wakes.test(call)))
      counted.set(name, (counted.get(name) ?? 0) + 1);
  return counted;
}

/** It may not be allowed to watch: what it says of that. */
export class CannotWatch extends Error {}

/**
 * Said when it begins to attach; only a little later it sees all that they do. It is heard until it
 * ends: with nobody to hear it, its next word would be its last.
 */
function attached(strace: ChildProcess, pids: readonly number[]): Promise<void> {
  let said = '';
  const waiting = new Set(pids);
  return new Promise((resolve, reject) => {
    strace.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      for (const [, pid] of said.matchAll(/Process (\d+) attached/g)) waiting.delete(Number(pid));
      if (waiting.size === 0) resolve();
    });
    strace.on('error', reject);
    strace.on('close', () => {
      reject(new CannotWatch(said.trim()));
    });
  });
}

/** Calls of all threads in one turn of `what`, at least: with fewer strace is not there yet. */
const LEAST_SEEN = 1000;
/** By how much two turns may differ that it has seen as a whole. */
const DIFFERENCE = 0.1;

const sum = (counted: ReadonlyMap<string, number>): number =>
  [...counted.values()].reduce((all, one) => all + one, 0);

/**
 * Of all threads of these processes but `lookouts`, while `what` is done, which takes at least 1000
 * calls. Throws CannotWatch.
 */
export async function countCalls(
  pids: readonly number[],
  what: () => Promise<void>,
  lookouts: readonly number[] = [],
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
    // It attaches to one thread after the other, however long that takes: two turns in which it has
    // seen the same are the sign that it has come to the end.
    let [seen, before] = [0, 0];
    for (const began = performance.now(); ;) {
      await what();
      const text = readFileSync(log).subarray(seen);
      seen += text.length;
      const counted = countLines(text.toString(), lookouts);
      const all = sum(counted);
      if (all >= LEAST_SEEN && Math.abs(all - before) <= before * DIFFERENCE) return counted;
      before = all;
      const alive = strace.exitCode === null && strace.signalCode === null;
      if (!alive || performance.now() - began > SILENCE_MS)
        throw new CannotWatch('strace sees nothing of what they do');
    }
  } finally {
    strace.kill('SIGINT'); // it lets go of them first
    await ended;
    rmSync(place, { recursive: true, force: true });
  }
}
