// The matcher against a naive one, and damaged blobs, under ASan and UBSan. The C program says what
// differs and prints its seed.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import t from 'tap';

const root = fileURLToPath(new URL('../..', import.meta.url));
const policy = join(root, 'csrc/policy');
const build = join(root, 'test/build/matcher');
const program = join(build, 'matcher');

mkdirSync(build, { recursive: true });
execFileSync('cc', [
  ...['-std=c11', '-D_GNU_SOURCE', '-g', '-O1', '-Wall', '-Wextra', '-Werror'],
  ...['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-o', program],
  join(root, 'test/matcher/matcher.c'),
  ...readdirSync(policy)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(policy, name)),
]);

for (const seed of ['1', String(Date.now())]) {
  void t.test(`seed ${seed}`, (t) => {
    const { stdout, stderr, status } = spawnSync(program, [seed], { encoding: 'utf8', env: {} });
    t.equal(
      stdout,
      'globs: 300000 compared, many match\nwords: 300000 compared, many match\nblobs: many refused, many asked\n',
      `nothing differs, nothing is read out of bounds (${stderr.trim()})`,
    );
    t.equal(status, 0);
    t.end();
  });
}
