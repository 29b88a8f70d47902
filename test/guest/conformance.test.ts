// The conformance suite on a 9p root under Linux 6.1: once on a 9p directory that can be written
// to, once on the root, which cannot.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Result } from '../conformance/tasks.js';
import { Guest, quote } from '../lanes/guest/guest.js';
import { type Pair, magics } from '../lanes/lane.js';
import { reportTo } from '../support/conformance.js';
import { seccompSpoof, testBuild } from '../support/paths.js';

const guest = new Guest();
const skip = guest.available() ?? false;
const build = join(testBuild, 'guest');
const seed = 20;

/** A random tree on the host, which the guest sees below its root. */
function makeTree(): string {
  const directory = join(build, 'tree');
  execFileSync('rm', ['-rf', directory]);
  mkdirSync(directory, { recursive: true });
  execFileSync(join(testBuild, 'static', 'differential'), ['make', String(seed)], {
    cwd: directory,
  });
  return directory;
}

await t.test('on 9p', { skip }, async (t) => {
  const magic = { from: '9p', fromMagic: magics.v9fs, to: 'ext4', toMagic: magics.ext4 };
  const pairs: Pair[] = [
    { ...magic, directory: '/run/9p' },
    { ...magic, directory: '/usr', tree: { directory: makeTree(), seed } },
  ];
  const lane = join(build, 'lane.json');
  writeFileSync(lane, JSON.stringify({ name: 'guest', pairs }));
  const runner = [
    quote(process.execPath),
    quote(join(testBuild, 'js', 'conformance', 'runner.js')),
    `--exec ${quote(seccompSpoof)} --scratch /tmp/scratch --lane ${quote(lane)}`,
    '--batch --variants static,go --effort 20 --patience 10',
    // One fixed seed and one random seed are enough here: each takes long on 9p.
    "--only '^(?!differential [12]$)'",
  ];
  const script = `umask 022; mkdir /tmp/scratch; exec ${runner.join(' ')}`;
  const started = performance.now();
  const result = await guest.run(script, { timeoutMs: 1_500_000 });
  t.comment(`guest: ${((performance.now() - started) / 1000).toFixed(1)} s`);

  t.equal(result.stderr, '', 'the runner itself has nothing to say');
  const lines = result.stdout.split('\n').filter((line) => line !== '');
  const results = lines.map((line) => JSON.parse(line) as Result);
  results.forEach(reportTo(t));
  t.ok(
    results.some(({ status }) => status === 'pass'),
    'something was proved',
  );
});
