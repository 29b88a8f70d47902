// Files that rules make, by every way of opening them: the same as real ones, on each mechanism.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Gvisor, share } from '../lanes/gvisor/gvisor.js';
import { debian, newest } from '../lanes/gvisor/runsc.js';
import { cleanCommand } from '../support/environment.js';
import { type Way, compare, policy, script } from './virtual.js';

const here: readonly Way[] = [
  { mechanism: 'notify', shares: true },
  { mechanism: 'trace', shares: false },
  { mechanism: 'ptrace', shares: false },
];

await t.test('here', (t) => {
  const place = mkdtempSync('/dev/shm/seccomp-spoof-');
  t.teardown(() => {
    rmSync(place, { recursive: true, force: true });
  });
  const policyFile = path.join(place, 'policy.yaml');
  writeFileSync(policyFile, policy(place));
  const [program, words] = cleanCommand(['sh', '-c', script(place, here, policyFile)]);
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', cwd: '/' });
  t.equal(status, 0, 'status', { stderr });
  compare(t, stdout, here);
  t.end();
});

const traced = here.filter(({ mechanism }) => mechanism !== 'notify');
for (const [name, runsc] of [
  ['gVisor of 2022', debian],
  ['the newest gVisor', newest],
] as const) {
  const gvisor = new Gvisor(runsc);
  const skip = await gvisor.unavailable();
  await t.test(name, { skip }, async (t) => {
    const files = { 'policy.yaml': policy('/tmp/place') };
    const inside = `mkdir /tmp/place\n${script('/tmp/place', traced, `${share}/policy.yaml`)}`;
    const { status, stdout, stderr } = await gvisor.run(inside, { files, timeoutMs: 300_000 });
    t.equal(status, 0, 'status', { stderr });
    compare(t, stdout, traced);
  });
}
