// The conformance suite as a script of a guest, and what it says.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Result } from '../conformance/tasks.js';
import type { GuestResult } from '../lanes/guest/guest.js';
import { type Pair, magics } from '../lanes/lane.js';
import { reportTo } from '../support/conformance.js';
import { seccompSpoof, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';

export const MECHANISMS: readonly string[] = ['notify', 'trace', 'ptrace'];

/** EFFORT=100 runs all there is, by each mechanism, with as many calls as on the host. */
export const EFFORT = process.env['EFFORT'];
/** Of each kind one. Before Linux 5.19 a handler without SA_RESTART ends a call (docs/limits.md). */
export const PART =
  "--effort 1 --only '^(objects|limits|descriptors|existing|users|threads|signals restart|go answers)$'";

export const nine = { from: '9p', fromMagic: magics.v9fs, to: 'ext4', toMagic: magics.ext4 };

/** Runs the suite for one pair by these mechanisms. `build`: a directory that the guest sees. */
export function suite(
  build: string,
  name: string,
  pair: Pair,
  words: string,
  mechanisms: readonly string[] = MECHANISMS,
): string {
  const lane = join(build, `${name}.json`);
  writeFileSync(lane, JSON.stringify({ name: 'guest', pairs: [pair] }));
  const scratch = `/tmp/${name}`;
  const runner = [
    quote(process.execPath),
    quote(join(testBuild, 'js', 'conformance', 'runner.js')),
    `--exec ${quote(seccompSpoof)} --scratch ${scratch} --lane ${quote(lane)}`,
    `--mechanism ${mechanisms.join()} --pin trace,ptrace --batch --variants static,go`,
    words,
  ];
  return `umask 022; mkdir ${scratch}; exec ${runner.join(' ')}`;
}

export function reportSuite(
  t: Test,
  { stdout, stderr }: GuestResult,
  mechanisms: readonly string[] = MECHANISMS,
): void {
  t.equal(stderr, '', 'the runner itself has nothing to say');
  const lines = stdout.split('\n').filter((line) => line !== '');
  const results = lines.map((line) => JSON.parse(line) as Result);
  results.forEach(reportTo(t));
  for (const mechanism of mechanisms) {
    t.ok(
      results.some((result) => result.mechanism === mechanism && result.status === 'pass'),
      `something was proved by ${mechanism}`,
    );
  }
}
