// What the tests share that start the load (load.c), which asks all the time and checks every answer.
import { execFileSync } from 'node:child_process';
import { awaitPids, cleanly } from '../inplace/helpers.js';
import { Subject } from '../support/subject.js';

/** A policy with the rule that the load asks for. */
export const keptPolicy = `apiVersion: seccomp-spoof/v1
name: kept
files:
  - { path: /dev/shm/seccomp-spoof-kept, content: "", writes: keep, when: missing }
`;

/** A worker keeps one for each thread that it has met lately, and the guardian one for the worker. */
export const mostPidfds = 64 + 1;

export interface Tally {
  readonly subject: string;
  readonly calls: number;
  readonly native: number;
  readonly wrong: number;
}

/** Its first words. */
export const sizesOfShm = (): readonly string[] =>
  execFileSync('stat', ['-f', '-c', '%s %l', '/dev/shm'], { encoding: 'utf8' }).trim().split(' ');

export async function stopLoad(subject: Subject): Promise<readonly Tally[]> {
  subject.say('stop');
  return (await subject.hear('stopped')).map((line) => JSON.parse(line) as Tally);
}

/** Holds on to processes now; the result says later whether all of them have ended in time. */
export async function watch(
  pids: readonly number[],
  seconds: number,
): Promise<() => Promise<string>> {
  const watcher = new Subject(cleanly([awaitPids, String(seconds), ...pids.map(String)]));
  await watcher.hear('watching');
  return async () => {
    await watcher.hear('gone');
    return 'gone';
  };
}
