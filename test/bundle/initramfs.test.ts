// The script of docs/bundle.md for an initramfs, as it stands there: a kernel boots with it, the bundle and
// busybox, and what becomes process 1 is told what the bundle's policy says.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Guest } from '../lanes/guest/guest.js';
import { root } from '../support/paths.js';
import { make, MECHANISMS, tmpfsAsExt4 } from './helpers.js';

const page = readFileSync(path.join(root, 'docs/bundle.md'), 'utf8');
const [, script = ''] = /^```sh\n(#!\/bin\/busybox sh\n[^]*?)^```$/m.exec(page) ?? [];
const guest = new Guest();

/** What would have been next: it says what it is told, has a child say it, too, and ends the machine. */
const next = `#!/bin/busybox sh
busybox=/bin/busybox
$busybox mkdir /place
$busybox mount -t tmpfs none /place
echo "pid $$"
echo "statfs $($busybox stat -f -c %t /place)"
echo "mounts $($busybox grep ' /place ' /proc/mounts | $busybox cut -d ' ' -f 3)"
$busybox poweroff -f
`;

await t.test('an initramfs', { skip: guest.available() ?? false }, async (t) => {
  const bundle = await make('for-initramfs', ...tmpfsAsExt4);
  for (const mechanism of ['', ...MECHANISMS]) {
    const option = mechanism === '' ? '/spoof --' : `/spoof -m ${mechanism} --`;
    const init = script.replace('/spoof --', option);
    t.ok(init.includes(option));
    const content = t.testdir({ init, sbin: { init: next } });
    copyFileSync(bundle, path.join(content, 'spoof'));
    spawnSync('chmod', ['755', 'init', 'sbin/init', 'spoof'], { cwd: content });
    const lines = await guest.boot(content);
    const said = lines.filter((line) => /^(pid|statfs|mounts) /.test(line));
    t.same(said, ['pid 1', 'statfs ef53', 'mounts ext4'], `it is told so ${option}`, {
      console: lines,
    });
  }
});
