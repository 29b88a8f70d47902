// Random programs of system calls cannot tell that they are wrapped (docs/lanes.md). SEED=n makes others,
// CALLS=n more.
import t from 'tap';
import { BATCH, compare, compareAll, type Counts, describe, type Difference } from './compare.js';
import { found } from './found.js';
import { LINES } from './generate.js';
import { Arena, missing } from './ways.js';

const skip = missing();
const calls = Number(process.env['CALLS'] ?? 1_000_000);

async function arenaFor(test: { teardown: (end: () => void) => void }): Promise<Arena> {
  const arena = new Arena();
  test.teardown(() => {
    arena.close();
  });
  await arena.prepare();
  return arena;
}

await t.test('programs that once could tell', { skip }, async (test) => {
  const arena = await arenaFor(test);
  const programs = Object.entries(found).map(([, lines], i) => ({
    name: String(i),
    lines: lines.map((line) => line.replaceAll('$', arena.place)),
  }));
  const { counts, differences } = await compareAll(arena, programs, {});
  test.same(differences.map(describe), []);
  test.equal(counts.unsteady, 0, 'all of them prove something');
  test.equal(counts.vanished, 0, 'nor because of what ran before');
});

function holds(counts: Counts, differences: readonly Difference[]): readonly string[] {
  const few = counts.unsteady * 100 < counts.programs * 3;
  return [...differences.map(describe), ...(few ? [] : [`${counts.unsteady} prove nothing`])];
}

const other = Number(process.env['SEED'] ?? 2_874_317_880);
for (const [seed, lines, batch] of [
  [16, LINES, BATCH],
  [other, 120, 200],
] as const)
  await t.test(`random programs, seed ${seed}`, { skip }, async (test) => {
    const arena = await arenaFor(test);
    const { counts, differences } = await compare(arena, { seed, lines, batch, calls: calls / 2 });
    test.comment(`SEED=${seed}: ${JSON.stringify(counts)}`);
    test.same(holds(counts, differences), [], `SEED=${seed}`);
    test.ok(counts.calls >= calls / 2, `${counts.calls} calls were compared`);
  });

await t.test('a planted difference is found, and made short', { skip }, async (test) => {
  const arena = await arenaFor(test);
  const ways = ({ mechanism, policy, user }: { mechanism: string; policy: string; user: string }) =>
    mechanism === 'notify' && policy === 'empty' && user === 'root';
  arena.plant('statfs: [{ when: { type: tmpfs }, answer: { type: xfs } }]');
  const { differences } = await compare(arena, { seed: 16, calls: 100, batch: 50, most: 1, ways });
  const [one] = differences;
  test.equal(differences.length, 1, 'found');
  test.ok(one && one.program.lines.length <= 3, one ? describe(one) : 'nothing');
  test.match(one?.program.lines.at(-1), /statfs/, 'the call that can tell is left');
});
