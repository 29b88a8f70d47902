// Programs on the 9p of both gVisors, which the default policy shows as ext4.
import t, { type Test } from 'tap';
import { quote } from '../support/shell.js';
import { Gvisor, share } from '../lanes/gvisor/gvisor.js';
import { type Runsc, debian, newest } from '../lanes/gvisor/runsc.js';
import { seccompSpoof } from '../support/paths.js';
import { by, check, script, short } from './programs.js';

/** Some that kubelet and kube-proxy read and set, and what the policy says. */
const settings = [
  'vm.panic_on_oom = 0',
  'kernel.panic = 10',
  'kernel.keys.root_maxkeys = 1000000',
  'net.ipv4.conf.all.route_localnet = 1',
];

async function kernelSettings(t: Test, gvisor: Gvisor): Promise<void> {
  const names = settings.map((line) => line.split(' ')[0]).join(' ');
  const ask = `sysctl vm.overcommit_memory ${names} 2>&1`;
  // It is not set: who asks afterwards sees what the policy says.
  const set = 'sysctl -w kernel.panic=7 2>&1 && sysctl kernel.panic';
  const kmsg = 'cat /dev/kmsg 2>&1';
  const all = quote([ask, set, `${kmsg}; echo $?`].join('; '));
  const exec = `${quote(seccompSpoof)} exec --policy k3s-gvisor`;
  const ways = ['', `${exec} -m trace --`, `${exec} -m ptrace --`];
  const { stdout } = await gvisor.run(ways.map((way) => `${way} sh -c ${all}`).join('; echo; '));
  const [native = '', ...wrapped] = stdout.trimEnd().split('\n\n');
  t.match(native, /^vm\.overcommit_memory = 0\n/, 'natively it says what it is');
  const missing = native.split('\n').filter((line) => line.startsWith('sysctl: cannot stat'));
  t.equal(missing.length, settings.length + 1, 'and the others are not there', { native });
  const expected = [
    'vm.overcommit_memory = 1',
    ...settings,
    'kernel.panic = 7',
    'kernel.panic = 10',
    '0',
  ];
  t.strictSame(wrapped, [expected.join('\n'), expected.join('\n')], 'by trace, by ptrace');
}

const lanes: readonly (readonly [string, Runsc])[] = [
  ['gVisor of 2022', debian],
  ['the newest gVisor', newest],
];

for (const [name, runsc] of lanes) {
  const gvisor = new Gvisor(runsc);
  const skip = await gvisor.unavailable();
  await t.test(name, { skip }, async (t) => {
    const ways = [by('trace'), short(by('ptrace'))];
    const place = { directory: share, scratch: '/tmp/scratch' };
    const began = performance.now();
    const { stdout, stderr } = await gvisor.run(script(place, ways), { cgroups: 1 });
    t.comment(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    t.equal(stderr, '', 'nobody complains');
    check(t, '9p', ways, stdout);
  });
  await t.test(`${name}: what is missing below /proc/sys`, { skip }, (t) =>
    kernelSettings(t, gvisor),
  );
}
