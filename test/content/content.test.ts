// What is read instead of real files, under ASan and UBSan: the C programs beside this file say what
// differs, and print their seeds. SEED=n takes another one.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import t from 'tap';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Of this run: another one may be making its own. */
const build = mkdtempSync(join(tmpdir(), 'content-'));
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
    join(root, `test/content/${name}.c`),
    ...sources('csrc/policy'),
    ...sources('csrc/compile'),
    ...sources('csrc/content'),
    '-pthread',
  ]);
  return program;
}

const expected = {
  expressions: 'expressions: as regexec(3) says\nexpressions: none is beyond its bounds\n',
  files:
    'files: parts give the whole\nfiles: bounds hold\nfiles: one result for all\nfiles: holes stay holes\n',
  store: 'store: 0 wrong files\n',
  table: 'tables: 20000 rewritten, many changed\ntables: 60000 damaged ones are harmless\n',
  texts: 'texts: one zero for each of the online CPUs: yes\ntexts: all as expected\n',
};

for (const [name, output] of Object.entries(expected)) {
  const program = compile(name);
  for (const seed of ['1', process.env['SEED'] ?? '2']) {
    void t.test(`${name}, seed ${seed}`, (t) => {
      const { stdout, stderr, status } = spawnSync(program, [seed], { encoding: 'utf8', env: {} });
      t.equal(stdout, output, stderr.trim());
      t.equal(status, 0);
      t.end();
    });
  }
}
