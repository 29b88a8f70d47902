// The conformance suite on a 9p root under Linux 6.1: on a 9p directory that can be written to, nearly all of it by
// notify and a part by the tracers; on the root, which cannot, by each. EFFORT=100: all of it, as on the host.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Guest } from '../lanes/guest/guest.js';
import { testBuild } from '../support/paths.js';
import { EFFORT, MECHANISMS, PART, nine, reportSuite, suite } from './suite.js';

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
  const own = { ...nine, directory: '/run/9p' };
  // One fixed seed and one random seed are enough here: each takes long on 9p.
  const most = `--effort ${EFFORT ?? 1} --only '^(?!differential [12]$|manymounts)'`;
  // The subjects' own directories are not on 9p here: what asks for files that are there remains.
  const reading =
    "--effort 8 --only '^(existing|differential on a tree|paths|procself|chroots|go answers)'";
  const all = EFFORT !== undefined;
  const suites = [
    { name: 'own', pair: own, words: most, mechanisms: all ? MECHANISMS : ['notify'] },
    ...(all ? [] : [{ name: 'traced', pair: own, words: PART, mechanisms: ['trace', 'ptrace'] }]),
    {
      ...{ name: 'root', pair: { ...nine, directory: '/usr', tree }, words: reading },
      mechanisms: MECHANISMS,
    },
  ];
  const scripts = suites.map(({ name, pair, words, mechanisms }) =>
    suite(build, name, pair, words, mechanisms),
  );
  const started = performance.now();
  const ended = await guest.runAll(scripts);
  t.comment(`guest: ${((performance.now() - started) / 1000).toFixed(1)} s`);

  for (const [i, result] of ended.entries()) reportSuite(t, result, suites[i]?.mechanisms);
});
