// Every command in docs/bundle.md is run, and prints what the page says.
import { readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { environment, program, root, run } from '../cli/helpers.js';
import { examples } from '../support/examples.js';

const page = readFileSync(path.join(root, 'docs/bundle.md'), 'utf8');
const found = examples(page);
t.equal(found.length, page.match(/^\$ /gm)?.length);
t.ok(found.length > 5);

// One after the other, in one place: later ones use what earlier ones have made.
const place = t.testdir({});
symlinkSync(program, path.join(place, 'seccomp-spoof'));
const env = { PATH: `${place}:${environment['PATH'] ?? ''}` };
for (const { command, output } of found) {
  const ended = await run('bash', ['-c', `exec 2>&1; ${command}`], { cwd: place, env });
  t.equal(ended.stdout, output, command);
}
