// Somebody on the machine mounts all the time: the kernel's cache of names then gives up again and again, also
// for a look that must not wait for an automount.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { compileIn } from '../support/compile.js';
import { reportTo, runConformance } from '../support/conformance.js';

const apart = ['unshare', '--mount', '--propagation', 'private'];
const skip =
  spawnSync('unshare', ['--mount', 'true']).status !== 0 && 'nothing can be mounted here';

await t.test('automounts beside them', { skip }, async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'mounter-'));
  const [program = '', ...words] = apart;
  const mounter = spawn(
    program,
    [...words, compileIn('conformance', 'mounter', ['mounter.c']), directory],
    {
      stdio: ['pipe', 'inherit', 'inherit'],
    },
  );
  t.teardown(() => {
    mounter.kill();
    rmSync(directory, { recursive: true });
  });
  const some = ['--only', '^automount', '--pairs', 'tmpfs', '--variants', 'static'];
  for (let round = 0; round < 8; round++) {
    const { errors } = await runConformance({
      before: apart,
      words: ['--mechanism', 'notify,trace,ptrace', ...some],
      onResult: reportTo(t),
    });
    t.equal(errors, '', 'the runner itself has nothing to say');
  }
  t.equal(mounter.exitCode, null, 'it went on all the time');
});
