// stat, statx, access, readlink, truncate, statfs and their like agree with open about files that a
// rule makes: line by line what they say of real ones, on each mechanism.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { Gvisor, share } from '../lanes/gvisor/gvisor.js';
import { debian, newest } from '../lanes/gvisor/runsc.js';
import { cleanCommand } from '../support/environment.js';
import { testBuild } from '../support/paths.js';
import { type Variant, type Way, compare, policy, script } from './agreement.js';

const here: readonly Way[] = [
  { mechanism: 'notify', shares: true },
  { mechanism: 'trace', shares: false },
  { mechanism: 'ptrace', shares: false },
];

/** Only root can become another user, and have another root. */
const asRoot = process.getuid?.() === 0 ? false : 'needs root';

function whyNot(variant: Variant): string | false {
  if (variant !== 'i386') return asRoot;
  const program = path.join(testBuild, 'i386/agreement');
  if (!existsSync(program)) return 'no 32-bit C compiler (Debian: gcc-i686-linux-gnu)';
  const { error } = spawnSync(program, { stdio: 'ignore' });
  return error === undefined ? asRoot : 'this kernel does not run 32-bit programs';
}

for (const variant of ['static', 'dynamic', 'i386'] as const) {
  await t.test(`here, ${variant}`, { skip: whyNot(variant) }, (t) => {
    const place = mkdtempSync(path.join(tmpdir(), 'seccomp-spoof-'));
    chmodSync(place, 0o755);
    t.teardown(() => {
      rmSync(place, { recursive: true, force: true });
    });
    const policyFile = path.join(place, 'policy.yaml');
    writeFileSync(policyFile, policy(place));
    const words = ['sh', '-c', script(place, here, variant, policyFile)];
    const [program, rest] = cleanCommand(words);
    const options = { encoding: 'utf8', cwd: '/', maxBuffer: 1 << 26 } as const;
    const { status, stdout, stderr } = spawnSync(program, rest, options);
    t.equal(status, 0, 'status', { stderr });
    compare(t, stdout, here);
    t.end();
  });
}

const traced = here.filter(({ mechanism }) => mechanism !== 'notify');
for (const [name, runsc] of [
  ['gVisor of 2022', debian],
  ['the newest gVisor', newest],
] as const) {
  const gvisor = new Gvisor(runsc);
  const skip = await gvisor.unavailable();
  await t.test(name, { skip }, async (t) => {
    const files = { 'policy.yaml': policy('/tmp/place') };
    const asked = script('/tmp/place', traced, 'static', `${share}/policy.yaml`);
    const inside = `mkdir /tmp/place\n${asked}`;
    const { status, stdout, stderr } = await gvisor.run(inside, { files, timeoutMs: 600_000 });
    t.equal(status, 0, 'status', { stderr });
    compare(t, stdout, traced);
  });
}
