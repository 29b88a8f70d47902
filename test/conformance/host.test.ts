// Every scenario, native and wrapped, on the kernel that runs the tests: for each pair of
// filesystems that can be had here. What root can mount goes into a private mount namespace.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { reportTo, runConformance } from '../support/conformance.js';
import { testBuild } from '../support/paths.js';
import { COMPAT_VARIANTS } from './scenarios.js';
import { isBuilt } from './tasks.js';

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
  for (const rule of [[], ['--paths']]) {
    await t.test(`by ${mechanism} ${rule.join()}`, async (t) => {
      const some = ['--pairs', 'tmpfs', '--variants', 'static,go'];
      const words = ['--mechanism', mechanism, ...some, ...rule];
      const { results, errors } = await runConformance({ before, words, onResult: reportTo(t) });
      t.equal(errors, '', 'the runner itself has nothing to say');
      t.ok(
        results.some(({ status }) => status === 'pass'),
        'something was proved',
      );
    });
  }
}

for (const when of ['off', 'always'])
  await t.test(`with --inline ${when}`, async (t) => {
    const some = ['--pairs', 'tmpfs', '--variants', 'static,go', '--effort', '20'];
    const words = ['--mechanism', 'notify,trace', '--inline', when, ...some];
    const { results, errors } = await runConformance({ before, words, onResult: reportTo(t) });
    t.equal(errors, '', 'the runner itself has nothing to say');
    for (const mechanism of ['notify', 'trace'])
      t.ok(
        results.some((result) => result.status === 'pass' && result.mechanism === mechanism),
        `something was proved by ${mechanism}`,
      );
  });

await t.test('many subjects below one command', async (t) => {
  const words = ['--batch', '--paths', '--pairs', 'tmpfs', '--variants', 'static,go'];
  const { results, errors } = await runConformance({ before, words, onResult: reportTo(t) });
  t.equal(errors, '', 'the runner itself has nothing to say');
  t.ok(
    results.some(({ status }) => status === 'pass'),
    'something was proved',
  );
});

/** Why 32-bit programs cannot be tried here, or undefined. */
function whyNo32Bit(): string | undefined {
  const program = path.join(testBuild, 'i386/fields');
  if (!existsSync(program)) return 'no 32-bit C compiler (Debian: gcc-i686-linux-gnu)';
  const { error } = spawnSync(program, { cwd: tmpdir(), stdio: 'ignore' });
  return error === undefined ? undefined : 'this kernel does not run 32-bit programs';
}

for (const mechanism of ['notify', 'trace', 'ptrace']) {
  const name = `32-bit programs, and int 0x80, by ${mechanism}`;
  await t.test(name, { skip: whyNo32Bit() ?? false }, async (t) => {
    const pairs = mechanism === 'notify' ? [] : ['--pairs', 'tmpfs'];
    const some = ['--batch', '--effort', '30', '--variants', COMPAT_VARIANTS.join(',')];
    const words = ['--mechanism', mechanism, ...some, ...pairs];
    const { results, errors } = await runConformance({ before, words, onResult: reportTo(t) });
    t.equal(errors, '', 'the runner itself has nothing to say');
    for (const variant of COMPAT_VARIANTS.filter((variant) => isBuilt(testBuild, variant)))
      t.ok(
        results.some(({ status, subject }) => status === 'pass' && subject.startsWith(variant)),
        `something was proved for ${variant}`,
      );
  });
}
