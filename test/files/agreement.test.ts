// stat, statx, access, readlink, truncate, statfs and their like agree with open about files that a
// rule makes: line by line what they say of real ones, on each mechanism.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { testBuild } from '../support/paths.js';
import { type Variant, type Mechanism, compare, policy, script } from './agreement.js';
import { gvisorPlaces, runHere } from './places.js';

const here: readonly Mechanism[] = ['notify', 'trace', 'ptrace'];
const traced = here.filter((mechanism) => mechanism !== 'notify');

/** Only root can become another user, and have another root. */
const asRoot = process.getuid?.() === 0 ? false : 'needs root';

function whyNot(variant: Variant): string | false {
  if (variant !== 'i386') return asRoot;
  const program = path.join(testBuild, 'i386/agreement');
  if (!existsSync(program)) return 'no 32-bit C compiler (Debian: gcc-i686-linux-gnu)';
  const { error } = spawnSync(program, { stdio: 'ignore' });
  return error === undefined ? asRoot : 'this kernel does not run 32-bit programs';
}

for (const variant of ['static', 'dynamic', 'i386'] as const) {
  await t.test(`here, ${variant}`, { skip: whyNot(variant) }, (t) => {
    const { status, stdout, stderr } = runHere(t, policy, (place, policyFile) =>
      script(place, here, variant, policyFile),
    );
    t.equal(status, 0, 'status', { stderr });
    compare(t, stdout, here);
    t.end();
  });
}

for (const { name, skip, run } of await gvisorPlaces()) {
  await t.test(name, { skip }, async (t) => {
    const { status, stdout, stderr } = await run(policy, (place, policyFile) =>
      script(place, traced, 'static', policyFile),
    );
    t.equal(status, 0, 'status', { stderr });
    compare(t, stdout, traced);
  });
}
