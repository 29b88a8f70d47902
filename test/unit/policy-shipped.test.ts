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

function rulesOf(name: string, values: Readonly<Record<string, string>> = {}): Rules {
  const given = { values: new Map(Object.entries(values)) };
  const loader = new PolicyLoader({ shipped: NONE, directories: [POLICIES] }, given);
  const blob = compilePolicy(loader.load(join(POLICIES, `${name}.yaml`), '/').policy, name);
  const nameOf = (rule: number | undefined) =>
    rule === undefined ? undefined : ruleName(blob, rule)?.replace(`${name}/`, '');
  return {
    blob,
    mount: (type, point, program) => nameOf(matchMounts(blob, type, point, program ?? null)),
    file: (path) => nameOf(matchFile(blob, path)),
  };
}

/** The source that is told of a mount; in gVisor each has the same one. */
function sourceOf({ blob }: Rules, type: string, point: string): string | undefined {
  const line = Buffer.from(`none ${point} ${type} rw 0 0\n`);
  return rewriteTable(blob, MountTable.mounts, line).toString().split(' ')[0];
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

void t.test('directories of k3s elsewhere', (t) => {
  const values = { data_dir: '/fuse/a/k3s', kubelet_dir: '/kubelet' };
  const { mount } = rulesOf('k3s', values);
  for (const point of ['/', '/fuse', '/fuse/a', '/fuse/a/k3s', '/fuse/a/k3s/agent', '/kubelet']) {
    t.equal(mount('fuse.x', point), 'node', point);
  }
  for (const point of ['/fuse/b', '/fuse/a/other', '/kubelet/pods/1/x', '/var/lib/rancher']) {
    t.equal(mount('fuse.x', point), undefined, point);
  }
  const gvisor = rulesOf('k3s-gvisor', values);
  t.equal(gvisor.mount('9p', '/'), 'shared-gofer');
  t.equal(gvisor.mount('9p', '/kubelet'), 'shared-kubelet');
  t.equal(gvisor.mount('9p', '/fuse'), 'gofer-above-data');
  t.equal(gvisor.mount('fuse', '/fuse/a'), 'fuse-data');
  t.equal(gvisor.mount('fuse', '/kubelet'), 'fuse-kubelet');
  t.equal(gvisor.mount('tmpfs', '/kubelet'), 'shared');
  t.equal(gvisor.mount('9p', '/var/lib/kubelet'), 'gofer');
  const one = rulesOf('k3s-gvisor', { data_dir: '/d/k3s', kubelet_dir: '/d' });
  t.equal(one.mount('9p', '/d'), 'shared-kubelet', 'the more important of two for one place');
  // A mount that is above one of them only, for cAdvisor another filesystem than that of the root.
  const apart = rulesOf('k3s-gvisor', { data_dir: '/a/b/k3s', kubelet_dir: '/c/d/kubelet' });
  const points = { '9p': ['/', '/a', '/c'], fuse: ['/a', '/c'] };
  for (const [type, places] of Object.entries(points)) {
    const sources = places.map((point) => sourceOf(apart, type, point));
    t.equal(new Set(sources).size, places.length, `${type}: ${sources.join(', ')}`);
  }
  t.equal(apart.mount('9p', '/c/d'), 'gofer-above-kubelet');
  t.equal(apart.mount('9p', '/a/b'), 'gofer-above-data');
  t.equal(apart.mount('fuse', '/c'), 'fuse-kubelet');
  t.equal(apart.mount('fuse', '/a'), 'fuse-data');
  const nested = rulesOf('k3s-gvisor');
  t.equal(nested.mount('9p', '/var/lib'), 'gofer-above-kubelet', 'above both, with k3s below');
  t.equal(nested.mount('9p', '/var/lib/rancher'), 'gofer-above-data');
  t.end();
});

void t.test('k3s-gvisor: mounts', (t) => {
  const { mount, blob } = rulesOf('k3s-gvisor');
  t.equal(mount('9p', '/'), 'shared-gofer');
  t.equal(mount('9p', '/var/lib/kubelet'), 'shared-kubelet');
  t.equal(mount('9p', '/var/lib/rancher/k3s'), 'gofer-data');
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
  t.equal(root('9p'), '21 1 0:20 / / rw shared:1 - ext4 gofer rw\n');
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
    ['/sys/fs/cgroup/memory/memory.stat', 'memory'],
    ['/sys/fs/cgroup/memory/a/b/memory.stat', 'memory'],
    ['/sys/fs/cgroup/a/b/memory.stat', 'memory-v2'],
    ['/sys/fs/cgroup/memory/a/memory.max_usage_in_bytes', 'memory-max'],
    ['/sys/fs/cgroup/memory/a/memory.failcnt', 'memory-failcnt'],
    ['/sys/fs/cgroup/memory/memory.use_hierarchy', 'memory-hierarchy'],
    ['/sys/fs/cgroup/a/memory.oom.group', 'oom-group'],
    ['/proc/sys/net/ipv4/ip_unprivileged_port_start', 'ports'],
    ['/proc/sys/net/ipv4/ping_group_range', 'ping'],
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
    '/sys/fs/cgroup/memory/memory.usage_in_bytes',
    '/sys/fs/cgroup/memory.oom.group',
    '/sys/fs/cgroup/memory.current',
  ]) {
    t.equal(file(path), undefined, path);
  }
  t.end();
});
