// The quick conformance suite, below bundles: a script that takes the words of `exec` makes each bundle
// once, and becomes it.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { clean, program } from '../cli/helpers.js';
import { reportTo, runConformance } from '../support/conformance.js';
import { quote } from '../support/shell.js';

const place = t.testdir({});
const made = path.join(place, 'made');
mkdirSync(made);
const exec = path.join(place, 'exec');
const [env, words] = clean([program, 'bundle']);
const script = `#!/bin/sh
shift
name=
for word; do
  [ "$word" = -- ] && break
  name="$name $word"
done
file=${quote(made)}/$(printf %s "$name" | tr -c 'a-z0-9=' _)
# The options have no blanks in them.
[ -x "$file" ] || ${[env, ...words].map(quote).join(' ')} $name -o "$file" || exit 125
while [ "$1" != -- ]; do shift; done
exec "$file" "$@"
`;
writeFileSync(exec, script);
chmodSync(exec, 0o755);
chmodSync(place, 0o755);

await t.test('below bundles, by every mechanism', async (t) => {
  const some = ['--pairs', 'tmpfs', '--variants', 'static', '--effort', '10'];
  const { results, errors } = await runConformance({
    before: ['unshare', '--mount', '--propagation', 'private'],
    words: ['--mechanism', 'notify,trace,ptrace', ...some],
    exec,
    onResult: reportTo(t),
  });
  t.equal(errors, '', 'the runner itself has nothing to say');
  for (const mechanism of ['notify', 'trace', 'ptrace'])
    t.ok(
      results.some((result) => result.status === 'pass' && result.mechanism === mechanism),
      `something was proved for ${mechanism}`,
    );
});
