// Calls of the supervisor fail, and the program below gets its right answer, the truth, or the documented
// error: a fixed slice of `npm run faults` (docs/lanes.md).
import t from 'tap';
import { putSection } from '../support/section.js';
import { wrongOf } from './allowed.js';
import { Arena, mechanisms, titleOf, type Way } from './arena.js';
import { errorNumber, possible } from './calls.js';
import { nameOf, outcome, placeOf, pointsOf, sliceOf, unknownKinds } from './faults.js';

await t.test('the table of calls', (test) => {
  for (const [kind, { errors, not }] of Object.entries(possible)) {
    for (const error of errors) test.ok(errorNumber(error) > 0, `${kind}: ${error}`);
    test.ok(errors.length > 0 || not !== undefined, `${kind}: why nothing`);
  }
  test.end();
});

await t.test('a page with sections', (test) => {
  const page = putSection(putSection('# Page\n', 'One', '1'), 'Two', '2');
  test.equal(page, '# Page\n\n## One\n\n1\n\n## Two\n\n2\n');
  test.equal(putSection(page, 'One', 'new'), '# Page\n\n## One\n\nnew\n\n## Two\n\n2\n');
  test.equal(putSection(page, 'Two', 'new'), '# Page\n\n## One\n\n1\n\n## Two\n\nnew\n');
  test.end();
});

const skip = process.getuid?.() !== 0 && 'needs root, to become others';

await t.test('faults', { skip }, async (test) => {
  const arena = new Arena();
  test.teardown(() => {
    arena.close();
  });
  await arena.prepare();
  const native = await arena.run(undefined);
  test.equal(native.exit, 42, native.errors);

  for (const mechanism of mechanisms) {
    const way: Way = { mechanism, policy: 'types', form: 'beside' };
    await test.test(titleOf(way), async (each) => {
      const without = await arena.run(way);
      each.equal(without.exit, 42, without.errors);
      each.same(unknownKinds(without), [], 'each call is in the table');
      let hits = 0;
      const points = sliceOf(pointsOf(way, without, 1));
      for (const point of points) {
        const { run, wrong } = await outcome(arena, point, { without, native });
        hits += run.hits > 0 ? 1 : 0;
        if (wrong.length > 0)
          each.fail(`${nameOf(point)} at ${placeOf(run.site)}: ${wrong.join('; ')}`);
      }
      each.comment(`${points.length} faults, ${hits} of them met`);
      each.ok(hits * 10 > points.length * 9, 'nearly all of them were met');
    });
  }

  await test.test('a wrong outcome is seen', async (each) => {
    const way: Way = { mechanism: 'notify', policy: 'types', form: 'beside' };
    const without = await arena.run(way);
    const kind = 'process_vm_readv';
    const started = without.calls.findIndex((call) => call.kind === 'execvp');
    const nth = without.calls.slice(started).find((call) => call.kind === kind)?.number ?? 0;
    /** As if no path of the command could be read: no kernel does that, so it is not in the table. */
    const run = await arena.run(way, { kind, nth, times: 1e6, error: errorNumber('EFAULT') });
    const wrong = wrongOf(run, without, native, { kind, error: 'EFAULT' }, false);
    each.not(wrong.length, 0);
  });
});
