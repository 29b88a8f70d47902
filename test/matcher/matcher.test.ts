// The matchers against naive ones, and damaged blobs, under ASan and UBSan. The C programs say what
// differs and print their seeds. SEED=n takes another one.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import t from 'tap';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Of this run: another one may be making its own. */
const build = mkdtempSync(join(tmpdir(), 'matcher-'));
t.teardown(() => {
  rmSync(build, { recursive: true });
});

function sources(directory: string): string[] {
  return readdirSync(join(root, directory))
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(root, directory, name));
}

function compile(name: string): string {
  const program = join(build, name);
  execFileSync('cc', [
    ...['-std=c11', '-D_GNU_SOURCE', '-g', '-O1', '-Wall', '-Wextra', '-Werror'],
    ...['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-o', program],
    join(root, `test/matcher/${name}.c`),
    ...sources('csrc/policy'),
    ...sources('csrc/compile'),
    ...sources('csrc/content'),
  ]);
  return program;
}

const expected = {
  matcher:
    'globs: 300000 compared, many match\nwords: 300000 compared, many match\n' +
    'statfs: 80000 compared, many hold, many need a path\n' +
    'starts: no wrong one is taken\n' +
    'blobs: many refused, many asked\n' +
    'statfs: ten thousand rules take hardly longer\n',
  files:
    'files: rests and parents are right\n' +
    'files: 300000 compared, many hold, many need no look\n' +
    'files: many damaged blobs refused, many asked\n' +
    'files: ten thousand rules take hardly longer\n' +
    'files: ten thousand namesakes take hardly longer\n',
};

for (const [name, output] of Object.entries(expected)) {
  const program = compile(name);
  for (const seed of ['1', process.env['SEED'] ?? '2']) {
    void t.test(`${name}, seed ${seed}`, (t) => {
      const { stdout, stderr, status } = spawnSync(program, [seed], { encoding: 'utf8', env: {} });
      t.equal(stdout, output, `nothing differs, nothing is read out of bounds (${stderr.trim()})`);
      t.equal(status, 0);
      t.end();
    });
  }
}
