// A bundle in gVisor, where it has to find out by itself that it must trace.
import t, { type Test } from 'tap';

import { debian, newest } from '../lanes/gvisor/runsc.js';
import { Gvisor } from '../lanes/gvisor/gvisor.js';
import { quote } from '../support/shell.js';
import { make } from './helpers.js';

for (const [name, runsc] of [
  ['of 2022', debian],
  ['newest', newest],
] as const) {
  const gvisor = new Gvisor(runsc);
  const skip = await gvisor.unavailable();
  void t.test(`${name}: a root that is 9p looks like ext4, without Node`, { skip }, async (t) => {
    await looks(t, gvisor);
  });
}

async function looks(t: Test, gvisor: Gvisor): Promise<void> {
  const bundle = quote(await make('for-gvisor', '-p', 'k3s-gvisor'));
  const script = [
    'PATH=/usr/bin:/bin; stat -f -c %T /',
    ...['', '-m trace', '-m ptrace'].map((words) => `${bundle} ${words} -- stat -f -c %T /`),
    `${bundle} cat /proc/sys/kernel/panic`,
    `${bundle} -m notify true 2>&1; echo $?`,
    `${bundle} --stats sh -c 'exit 7' 2>&1 | grep -c 'rule k3s-gvisor'`,
    `${bundle} --doctor`,
  ].join('\n');
  const { status, stdout } = await gvisor.run(script);
  t.equal(status, 0);
  const [native, ...lines] = stdout.split('\n');
  t.match(native, /v9fs/);
  t.same(lines.slice(0, 4), ['ext2/ext3', 'ext2/ext3', 'ext2/ext3', '10']);
  t.match(lines[4], /^seccomp-spoof: mechanism notify does not work here: /);
  t.equal(lines[5], '125');
  t.ok(Number(lines[6]) > 0);
  t.match(stdout, /^mechanism: trace\npolicy k3s-gvisor: [^]*\nthis bundle works here\.\n$/m);
}
