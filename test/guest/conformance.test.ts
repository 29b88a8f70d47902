// The conformance suite on a 9p root under Linux 6.1, by each mechanism: once on a 9p directory that
// can be written to, once on the root, which cannot. EFFORT=100 makes as many calls as on the host.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Result } from '../conformance/tasks.js';
import { Guest } from '../lanes/guest/guest.js';
import { type Pair, magics } from '../lanes/lane.js';
import { reportTo } from '../support/conformance.js';
import { seccompSpoof, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';

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

const magic = { from: '9p', fromMagic: magics.v9fs, to: 'ext4', toMagic: magics.ext4 };

/** The script that runs the suite for one pair by every mechanism. */
function suite(name: string, pair: Pair, words: readonly string[]): string {
  const lane = join(build, `${name}.json`);
  writeFileSync(lane, JSON.stringify({ name: 'guest', pairs: [pair] }));
  const scratch = `/tmp/${name}`;
  const runner = [
    quote(process.execPath),
    quote(join(testBuild, 'js', 'conformance', 'runner.js')),
    `--exec ${quote(seccompSpoof)} --scratch ${scratch} --lane ${quote(lane)}`,
    '--mechanism notify,trace,ptrace --pin trace,ptrace --batch --variants static,go',
    ...words,
  ];
  return `umask 022; mkdir ${scratch}; exec ${runner.join(' ')}`;
}

await t.test('on 9p', { skip }, async (t) => {
  const tree = { directory: makeTree(), seed };
  const scripts = [
    // One fixed seed and one random seed are enough here: each takes long on 9p.
    suite('own', { ...magic, directory: '/run/9p' }, [
      `--effort ${process.env['EFFORT'] ?? 10} --only '^(?!differential [12]$|manymounts)'`,
    ]),
    // The subjects' own directories are not on 9p here: what asks for files that are there remains.
    suite('root', { ...magic, directory: '/usr', tree }, [
      "--effort 20 --only '^(existing|differential on a tree|paths|procself|chroots|go answers)'",
    ]),
  ];
  const started = performance.now();
  const ended = await guest.runAll(scripts);
  t.comment(`guest: ${((performance.now() - started) / 1000).toFixed(1)} s`);

  for (const { stdout, stderr } of ended) {
    t.equal(stderr, '', 'the runner itself has nothing to say');
    const lines = stdout.split('\n').filter((line) => line !== '');
    const results = lines.map((line) => JSON.parse(line) as Result);
    results.forEach(reportTo(t));
    for (const mechanism of ['notify', 'trace', 'ptrace']) {
      t.ok(
        results.some((result) => result.mechanism === mechanism && result.status === 'pass'),
        `something was proved by ${mechanism}`,
      );
    }
  }
});
