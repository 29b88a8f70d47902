// The conformance suite on a 9p root under Linux 6.1, by each mechanism: once on a 9p directory that
// can be written to, once on the root, which cannot. EFFORT=100 makes as many calls as on the host.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Guest } from '../lanes/guest/guest.js';
import { testBuild } from '../support/paths.js';
import { reportSuite, suite, nine } from './suite.js';

const guest = new Guest();
const skip = guest.available() ?? false;
/** Of this run, and below the checkout, which the guest sees. */
const build = mkdtempSync(join(testBuild, 'guest-'));
t.teardown(() => {
  execFileSync('rm', ['-rf', build]);
});
const seed = 20;

/** A random tree on the host, which the guest sees below its root. */
function makeTree(): string {
  const directory = join(build, 'tree');
  mkdirSync(directory, { recursive: true });
  execFileSync(join(testBuild, 'static', 'differential'), ['make', String(seed)], {
    cwd: directory,
  });
  return directory;
}

await t.test('on 9p', { skip }, async (t) => {
  const tree = { directory: makeTree(), seed };
  const scripts = [
    // One fixed seed and one random seed are enough here: each takes long on 9p.
    suite(build, 'own', { ...nine, directory: '/run/9p' }, [
      `--effort ${process.env['EFFORT'] ?? 4} --only '^(?!differential [12]$|manymounts)'`,
    ]),
    // The subjects' own directories are not on 9p here: what asks for files that are there remains.
    suite(build, 'root', { ...nine, directory: '/usr', tree }, [
      "--effort 8 --only '^(existing|differential on a tree|paths|procself|chroots|go answers)'",
    ]),
  ];
  const started = performance.now();
  const ended = await guest.runAll(scripts);
  t.comment(`guest: ${((performance.now() - started) / 1000).toFixed(1)} s`);

  for (const result of ended) reportSuite(t, result);
});
