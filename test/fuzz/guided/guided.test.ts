// The guided fuzzers, for a number of executions that is the same everywhere, and with one seed. What
// they once found lies in their corpora, which run first. `npm run fuzz:guided` goes on: docs/lanes.md.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { corpora, fuzz, make, missing, TARGETS, type Target } from './targets.js';

/** By what they take: a few seconds of a processor each. */
const RUNS: Record<Target, number> = {
  blob: 500_000,
  rules: 150_000,
  table: 200_000,
  rewrite: 60_000,
  record: 500_000,
  bundle: 500_000,
  tracee: 500_000,
  messages: 150_000,
};

const skip = missing();
/** Of this run: another one may be making its own. */
const build = mkdtempSync(join(tmpdir(), 'guided-'));
t.teardown(() => {
  rmSync(build, { recursive: true });
});
const names = Object.keys(TARGETS) as Target[];
if (skip === false) make(build, [...names, 'planted']);

for (const target of names) {
  await t.test(target, { skip }, async (test) => {
    const corpus = join(corpora, target);
    const { executions, edges, features, found } = await fuzz({
      program: join(build, target),
      longest: TARGETS[target],
      corpus: [corpus],
      runs: RUNS[target],
      seed: 16,
    });
    test.equal(found?.hex, undefined, `no input is a fault: ${found?.said ?? ''}`);
    test.ok(executions >= RUNS[target], `${executions} inputs`);
    test.comment(`${readdirSync(corpus).length} files, ${edges} branches, ${features} features`);
  });
}

await t.test('a planted fault is found, with its input', { skip }, async (test) => {
  const { found } = await fuzz({
    program: join(build, 'planted'),
    longest: 8,
    corpus: [],
    runs: 1_000_000,
    seed: 16,
  });
  test.match(found?.said, /planted/);
  test.match(found?.hex, /^6661756c74/, 'it begins with "fault"');
});
