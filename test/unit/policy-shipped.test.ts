// What the shipped policies for k3s name, and what they must not touch: see their comments.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { matchMounts, MountTable, rewriteTable } from '../../src/native/mounts.js';
import { matchFile, matchStatfs, ruleName } from '../../src/native/policy.js';
import { compilePolicy } from '../../src/policy/compile.js';
import { PolicyLoader } from '../../src/policy/load.js';
import { POLLING_PROGRAMS } from '../../src/policy/tables.js';

const POLICIES = fileURLToPath(new URL('../../policies', import.meta.url));
const NONE = { names: () => [], read: () => undefined, blob: () => undefined, stamp: () => '' };

interface Rules {
  /** The rule for a mount, without the name of the policy. */
  readonly mount: (type: string, point: string, program?: string) => string | undefined;
  readonly file: (path: string) => string | undefined;
  readonly blob: Uint8Array;
}

function rulesOf(name: string): Rules {
  const loader = new PolicyLoader({ shipped: NONE, directories: [POLICIES] });
  const blob = compilePolicy(loader.load(join(POLICIES, `${name}.yaml`), '/').policy, name);
  const nameOf = (rule: number | undefined) =>
    rule === undefined ? undefined : ruleName(blob, rule)?.replace(`${name}/`, '');
  return {
    blob,
    mount: (type, point, program) => nameOf(matchMounts(blob, type, point, program ?? null)),
    file: (path) => nameOf(matchFile(blob, path)),
  };
}

void t.test('k3s', (t) => {
  const { mount, blob } = rulesOf('k3s');
  for (const type of ['9p', 'virtiofs', 'fuse', 'fuse.x']) {
    for (const point of ['/', '/var', '/var/lib/rancher', '/var/lib/rancher/k3s/agent']) {
      t.equal(mount(type, point), 'node', `${type} at ${point}`);
    }
    for (const program of POLLING_PROGRAMS) t.equal(mount(type, '/', program), undefined, program);
    const volume = '/var/lib/kubelet/pods/1/volumes/a/mount';
    t.equal(mount(type, volume), undefined, `${type} as a volume of a pod`);
  }
  for (const type of ['ext4', 'tmpfs', 'overlay', 'proc', 'cgroup2', 'fuseblk']) {
    t.equal(mount(type, '/'), undefined, type);
  }
  t.equal(matchStatfs(blob, 0x01021997n, '/'), undefined, 'statfs is left alone');
  t.end();
});

void t.test('k3s-gvisor: mounts', (t) => {
  const { mount, blob } = rulesOf('k3s-gvisor');
  t.equal(mount('9p', '/'), 'shared-gofer');
  t.equal(mount('9p', '/var/lib/kubelet'), 'shared-gofer');
  t.equal(mount('9p', '/etc/hosts'), 'gofer');
  t.equal(mount('overlay', '/'), 'shared');
  t.equal(mount('tmpfs', '/var/lib/kubelet'), 'shared');
  for (const type of ['overlay', 'tmpfs', 'cgroup']) t.equal(mount(type, '/sys'), undefined, type);
  for (const program of POLLING_PROGRAMS) t.equal(mount('9p', '/', program), undefined, program);
  const root = (type: string) =>
    rewriteTable(
      blob,
      MountTable.mountinfo,
      Buffer.from(`21 1 0:20 / / rw - ${type} none rw\n`),
    ).toString();
  t.equal(root('9p'), '21 1 0:20 / / rw shared:1 - ext4 none rw\n');
  t.equal(root('tmpfs'), '21 1 0:20 / / rw shared:1 - tmpfs none rw\n', 'memory stays memory');
  t.end();
});

void t.test('k3s-gvisor: files', (t) => {
  const { file } = rulesOf('k3s-gvisor');
  const ruled: [string, string][] = [
    ['/dev/kmsg', 'kmsg'],
    ['/proc/sys/vm/overcommit_memory', 'overcommit'],
    ['/proc/sys/vm/panic_on_oom', 'panic-on-oom'],
    ['/proc/sys/kernel/panic', 'panic'],
    ['/proc/sys/kernel/panic_on_oops', 'panic-on-oops'],
    ['/proc/sys/kernel/keys/root_maxkeys', 'maxkeys'],
    ['/proc/sys/kernel/keys/root_maxbytes', 'maxbytes'],
    ['/proc/sys/net/ipv4/conf/all/route_localnet', 'network'],
    ['/proc/sys/net/ipv4/conf/default/forwarding', 'network'],
    ['/proc/sys/net/bridge/bridge-nf-call-iptables', 'network'],
    ['/proc/sys/net/netfilter/nf_conntrack_max', 'conntrack-max'],
    ['/sys/fs/cgroup/cpuacct/cpuacct.usage_percpu', 'percpu'],
    ['/sys/fs/cgroup/cpu,cpuacct/a/b/cpuacct.usage_percpu', 'percpu'],
    ['/proc/sys/kernel/cap_last_cap', 'capabilities'],
  ];
  for (const [path, rule] of ruled) t.equal(file(path), rule, path);
  for (const path of [
    '/proc',
    '/proc/1/fd/0',
    '/proc/sys',
    '/proc/sys/kernel/osrelease',
    '/proc/swaps',
    '/proc/diskstats',
    '/rootfs/proc',
    '/dev/pts/ptmx',
    '/etc/machine-id',
    '/sys/fs/cgroup/memory/cgroup.procs',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes',
  ]) {
    t.equal(file(path), undefined, path);
  }
  t.end();
});
