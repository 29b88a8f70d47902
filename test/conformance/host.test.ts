// Every scenario, native and wrapped, on the kernel that runs the tests: for each pair of
// filesystems that can be had here. What root can mount goes into a private mount namespace.
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { reportTo, runConformance } from '../support/conformance.js';

const apart = ['unshare', '--mount', '--propagation', 'private'];
const alone = spawnSync('unshare', ['--mount', 'true']).status === 0;
const before = alone ? apart : [];

await t.test('each subject by itself', async (t) => {
  const { results, errors } = await runConformance({ before, onResult: reportTo(t) });
  t.equal(errors, '', 'the runner itself has nothing to say');
  const passed = results.filter(({ status }) => status === 'pass');
  for (const pair of ['tmpfs=ext4', 'proc=ext4', ...(alone ? ['overlay=ext4'] : [])]) {
    t.ok(
      passed.some((result) => result.pair === pair),
      `something was proved for ${pair}`,
    );
  }
});

for (const mechanism of ['trace', 'ptrace']) {
  await t.test(`by ${mechanism}`, async (t) => {
    const words = ['--mechanism', mechanism, '--pairs', 'tmpfs', '--variants', 'static,go'];
    const { results, errors } = await runConformance({ before, words, onResult: reportTo(t) });
    t.equal(errors, '', 'the runner itself has nothing to say');
    t.ok(
      results.some(({ status }) => status === 'pass'),
      'something was proved',
    );
  });
}

await t.test('many subjects below one command', async (t) => {
  const words = ['--batch', '--pairs', 'tmpfs', '--variants', 'static,go'];
  const { results, errors } = await runConformance({ before, words, onResult: reportTo(t) });
  t.equal(errors, '', 'the runner itself has nothing to say');
  t.ok(
    results.some(({ status }) => status === 'pass'),
    'something was proved',
  );
});
