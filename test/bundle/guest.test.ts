// A bundle for arm64, made here, where there is nothing but busybox: its policy was compiled on another
// kind of machine.
import t from 'tap';

import * as aarch64 from '../lanes/guest/aarch64.js';
import { saysAsOnThePage } from '../support/doctor.js';
import { quote } from '../support/shell.js';
import { make, MECHANISMS } from './helpers.js';

const skip = aarch64.available() ?? false;
if (skip === false) aarch64.build();

await t.test('arm64, without Node', { skip }, async (t) => {
  const bundle = quote(await make('for-guest', '--arch', 'arm64', '--fstype', 'tmpfs=ext4'));
  const script = [
    'stat -f -c %t /tmp',
    ...MECHANISMS.map((name) => `${bundle} -m ${name} -- stat -f -c %t /tmp`),
    `${bundle} --stats sh -c 'exit 7' 2>&1 | grep -c 'worker starts .* 1$'`,
    `${bundle} --show | head -n 1`,
    `${bundle} --doctor`,
  ].join('\n');
  const { status, stdout, stderr } = await aarch64.guest.run(script);
  t.equal(status, 0, 'status', { stderr });
  const [native, ...lines] = stdout.split('\n');
  t.equal(native, '1021994', 'it is a tmpfs');
  t.same(lines.slice(0, 4), ['ef53', 'ef53', 'ef53', '1']);
  t.equal(lines[4], '# merged from --fstype tmpfs=ext4; the most important rule first');
  saysAsOnThePage(t, 'aarch64, a bundle', stdout);
  t.match(stdout, /^this bundle works here\.\n$/m);
});
