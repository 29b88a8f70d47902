// What cAdvisor, which is a part of kubelet, finds on a 9p root: natively, and under the policies for it.
import t from 'tap';
import { Guest } from '../../lanes/guest/guest.js';
import { Gvisor, share } from '../../lanes/gvisor/gvisor.js';
import { debian, newest } from '../../lanes/gvisor/runsc.js';
import {
  type Question,
  all,
  check,
  counted,
  nothing,
  script,
  unavailable,
  unknownBelow,
  unknownRoot,
} from './cadvisor.js';

const unbuilt = unavailable();
const gvisor = new Gvisor(newest);
const withoutGvisor = unbuilt || (await gvisor.unavailable());
const k3s = '--policy k3s-gvisor';

/** Both releases, by both mechanisms. */
function underPolicy(expect: Question['expect']): Question[] {
  return (['old', 'new'] as const).flatMap((release) =>
    ['trace', 'ptrace'].map((mechanism) => ({
      release,
      options: `-m ${mechanism} ${k3s}`,
      expect,
    })),
  );
}

const releases = ['old', 'new'] as const;

const sandboxes = [
  {
    // It has the controllers cpu and memory only, so that nothing is missing in cgroups.
    name: 'gVisor of 2022',
    runsc: debian,
    cgroups: 1,
    native: { old: all(), new: all({ '/': unknownRoot }) },
    // No memory: its fstatfs fails on every file of a cgroup, and libcontainer asks it of each.
    told: all,
  },
  {
    // cpuacct.usage_percpu is missing: the checks of filesystems are not even reached.
    name: 'the newest gVisor',
    runsc: newest,
    cgroups: 1,
    native: { old: nothing, new: nothing },
    // So that another name for 9p cures nothing.
    others: releases.map((release) => ({
      release,
      options: '--policy 9p-as-ext4',
      expect: nothing,
    })),
    told: counted,
  },
  {
    name: 'the newest gVisor, cgroups of version 2',
    runsc: newest,
    cgroups: 2,
    native: { old: all(), new: all({ '/': unknownRoot }) },
    told: counted,
  },
] as const;

for (const { name, runsc, cgroups, native, told, ...rest } of sandboxes) {
  const sandbox = new Gvisor(runsc);
  const skip = unbuilt || (await sandbox.unavailable());
  await t.test(name, { skip }, async (t) => {
    const questions: Question[] = [
      ...releases.map((release) => ({ release, expect: native[release] })),
      ...('others' in rest ? rest.others : []),
      ...underPolicy(told()),
    ];
    const began = performance.now();
    const ended = await sandbox.run(script(questions, ['/']), { cgroups });
    t.comment(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    await check(t, questions, ['/'], ended);
  });
}

/** The rule for cpuacct.usage_percpu, of which statfs says what it says of its directory: tmpfs. */
const plain = `
apiVersion: seccomp-spoof/v1
name: plain
extends: [k3s-gvisor]
remove: [k3s-gvisor/percpu]
files:
  - path: /sys/fs/cgroup/*cpuacct*/**/cpuacct.usage_percpu
    generate: zero-per-cpu
    when: missing
    filesystem: tmpfs
`;

await t.test('gVisor without openat2', { skip: withoutGvisor }, async (t) => {
  const questions = releases.flatMap((release): Question[] => [
    { release, withoutOpenat2: true, expect: nothing },
    { release, withoutOpenat2: true, options: k3s, expect: all() },
    { release, withoutOpenat2: true, options: `--policy ${share}/plain.yaml`, expect: nothing },
  ]);
  const options = { cgroups: 1, files: { 'plain.yaml': plain } } as const;
  const ended = await gvisor.run(script(questions, ['/']), options);
  await check(t, questions, ['/'], ended);
  t.match(ended.stderr, /not a cgroup file/, 'why the last ones have none');
});

const secondSource = `
apiVersion: seccomp-spoof/v1
name: second
extends: [k3s-gvisor]
mounts:
  - when: { fstype: 9p, path: ${share} }
    answer: { fstype: ext4, source: second }
`;

// In gVisor all mounts have the source "none", which is one device for cAdvisor: only one is found,
// unless a rule tells another source.
await t.test('gVisor: a second mount', { skip: withoutGvisor }, async (t) => {
  const questions = releases.flatMap((release): Question[] => [
    { release, options: k3s, expect: counted({ [share]: unknownBelow }) },
    { release, options: `--policy ${share}/second.yaml`, expect: counted() },
    // As it is where kubelet's directory lies on it.
    { release, options: `${k3s} --set kubelet_dir=${share}/kubelet`, expect: counted() },
  ]);
  const files = { 'second.yaml': secondSource };
  const ended = await gvisor.run(script(questions, ['/', share]), { cgroups: 1, files });
  await check(t, questions, ['/', share], ended);
});

const guest = new Guest();

await t.test('Linux 6.1', { skip: unbuilt || (guest.available() ?? false) }, async (t) => {
  const below = '/run/9p';
  const questions: Question[] = [
    { release: 'old', expect: all({ [below]: unknownBelow }) },
    { release: 'new', expect: all({ '/': unknownRoot, [below]: unknownBelow }) },
    ...releases.flatMap((release) => [
      // It speaks of / and the directories of kubelet and k3s only.
      { release, options: '--policy k3s', expect: all({ [below]: unknownBelow }) },
      ...['notify', 'trace', 'ptrace'].map((mechanism) => ({
        release,
        options: `-m ${mechanism}`,
        expect: all(),
      })),
    ]),
  ];
  const began = performance.now();
  // With 9p2000.u statfs knows no sizes.
  const ended = await guest.run(script(questions, ['/', below]), { version: '9p2000.L' });
  t.comment(`guest: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  await check(t, questions, ['/', below], ended);
});
