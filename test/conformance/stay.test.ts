// A part of the scenarios where a parent stays (`exec --stay`): what programs are told is the same below it.
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { reportTo, runConformance } from '../support/conformance.js';
import { seccompSpoof } from '../support/paths.js';

const MECHANISMS = ['notify', 'trace', 'ptrace'];
const setpriv = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];

function cannot(user: 'root' | 'nobody'): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  if (user === 'root') return false;
  const look = `test -x ${seccompSpoof} && '${process.execPath}' -v`;
  const { status } = spawnSync('setpriv', [...setpriv.slice(1), 'sh', '-c', look]);
  return status !== 0 && 'another user cannot reach this checkout or Node';
}

const users = {
  root: { before: ['unshare', '--mount', '--propagation', 'private'] },
  nobody: { before: setpriv, uid: 65534 },
} as const;

for (const user of ['root', 'nobody'] as const)
  await t.test(`as ${user}`, { skip: cannot(user) }, async (t) => {
    const some = ['--pairs', 'tmpfs', '--variants', 'static', '--effort', '10'];
    const { results, errors } = await runConformance({
      ...users[user],
      words: ['--stay', '--mechanism', MECHANISMS.join(), ...some],
      onResult: reportTo(t),
    });
    t.equal(errors, '', 'the runner itself has nothing to say');
    for (const mechanism of MECHANISMS)
      t.ok(
        results.some((result) => result.status === 'pass' && result.mechanism === mechanism),
        `something was proved by ${mechanism}`,
      );
  });
