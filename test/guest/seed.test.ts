// The main job on real input: where the root is 9p, every program below `seccomp-spoof exec` sees
// ext4.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { Guest } from '../lanes/guest/guest.js';
import { testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';
import {
  type Check,
  buildPrograms,
  checkAll,
  hex,
  matches,
  onNine,
  prints,
  spoof,
  type,
} from './checks.js';

/** Of this run, and below the checkout, which the guest sees. */
mkdirSync(testBuild, { recursive: true });
const build = mkdtempSync(join(testBuild, 'guest-'));
t.teardown(() => {
  rmSync(build, { recursive: true });
});

const guest = new Guest();
const skip = guest.available() ?? false;
const programs = skip === false ? buildPrograms(build) : { c: '', go: '' };
const { c, go } = programs;

await t.test('9p2000.u: the kernel says 9p', { skip }, async (test) => {
  await checkAll(test, guest, onNine(programs, guest.release), { version: '9p2000.u' });
});

await t.test(
  '9p2000.u, and nothing is cached: every look at a path asks the host',
  { skip },
  async (test) => {
    const inside = [c, 'stat -f -c %T /', go, `cd /usr; ${c} . bin/.. /etc/passwd /tmp /none`];
    const checks: Check[] = [
      {
        name: 'exec',
        script: `${spoof} exec sh -c ${quote(inside.join('; '))}`,
        verify: (result, test) => {
          const ext4 = type('0xef53');
          const expected = [ext4, 'ext2/ext3', ext4, ext4, ext4, ext4];
          expected.push(type('0x1021994'), type('No such file or directory'), '');
          test.strictSame(result, { status: 1, stdout: expected.join('\n'), stderr: '' });
        },
      },
    ];
    await checkAll(test, guest, checks, { version: '9p2000.u', cache: 'none' });
  },
);

await t.test("9p2000.L: the kernel says the host's own type", { skip }, async (test) => {
  // Only the mount table says 9p there: the default policy has nothing to change in statfs.
  const host = hex((await statfs('/')).type);
  const checks: Check[] = [
    { name: 'native', script: c, verify: prints(type(host)) },
    {
      name: 'native: the mount table',
      script: 'findmnt -n -o FSTYPE /',
      verify: prints('9p'),
    },
    { name: 'exec: the default policy', script: `${spoof} exec ${c}`, verify: prints(type(host)) },
    {
      name: 'exec: a pair for the host’s type',
      script: `${spoof} exec --fstype ${host}=xfs ${c}`,
      verify: prints(type('0x58465342')),
    },
    {
      name: 'doctor',
      script: `${spoof} doctor`,
      verify: matches(/notify/),
    },
    {
      // The kernel mounts one there, and k3s refuses to.
      name: 'doctor, of an overlay where files have no type in their directory',
      script: `${spoof} doctor k3s server -d /run/9p/k3s`,
      verify: matches(/--snapshotter=native/, /cannot learn the types of files/),
    },
    {
      name: 'doctor, where containerd can have no database: 9p without a cache',
      script: `${spoof} doctor k3s server -d /run/guest/k3s`,
      verify: matches(/cannot map a file there that can be written to: Invalid argument/),
    },
  ];
  await checkAll(test, guest, checks, { version: '9p2000.L' });
});
