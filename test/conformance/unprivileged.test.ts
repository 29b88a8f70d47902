// The same scenarios for a user without any privilege, below a supervisor without any.
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { reportTo, runConformance } from '../support/conformance.js';
import { seccompSpoof } from '../support/paths.js';

const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];

function cannot(): string | false {
  if (process.getuid?.() !== 0) return 'the host lane runs without privilege already';
  const words = [
    ...nobody.slice(1),
    'sh',
    '-c',
    `test -x ${seccompSpoof} && '${process.execPath}' -v`,
  ];
  const { status } = spawnSync('setpriv', words);
  return status !== 0 && 'another user cannot reach this checkout or Node';
}

await t.test('as nobody', { skip: cannot() }, async (t) => {
  const { results, errors } = await runConformance({
    before: nobody,
    uid: 65534,
    onResult: reportTo(t),
  });
  t.equal(errors, '', 'the runner itself has nothing to say');
  t.ok(
    results.some(({ status }) => status === 'pass'),
    'something was proved',
  );
});
