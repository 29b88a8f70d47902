// Files that are made of the file beside them: they say what that one says now, to whoever may read it,
// and are not there without it; on each mechanism. Then those of the shipped policy, in real cgroups.
import t, { type Test } from 'tap';
import { Gvisor } from '../lanes/gvisor/gvisor.js';
import { debian, newest } from '../lanes/gvisor/runsc.js';
import { seccompSpoof } from '../support/paths.js';
import { quote } from '../support/shell.js';
import { type Ended, gvisorPlaces, runHere } from './places.js';

const policy = (directory: string): string =>
  [
    'apiVersion: seccomp-spoof/v1',
    'name: sources',
    'files:',
    `  - path: ${directory}/*/memory.stat`,
    '    generate: memory-stat',
    '    when: missing',
    '    filesystem: cgroup',
    `  - path: ${directory}/*/memory.max_usage_in_bytes`,
    '    generate: memory-max-usage',
    '    writes: discard',
    '    mode: "0640"',
    `  - { path: ${directory}/*/second/memory.stat, generate: memory-stat-v2 }`,
    `  - { path: ${directory}/*/usage_percpu, generate: zero-per-cpu }`,
    '',
  ].join('\n');

/** One `NAME: WHAT` a line. */
const ask = `
say() { echo "$1: $(cat 2>&1 | sed 's/.*: //' | tr '\\n' '|' | sed 's/|$//')"; }
cat a/memory.stat 2>&1 | say 'as the source says'
cat b/memory.stat 2>&1 | say 'of another directory'
cat a/second/memory.stat 2>&1 | say 'of version 2'
echo 5 >a/memory.usage_in_bytes; cat a/memory.stat a/memory.max_usage_in_bytes | say 'as it says now'
stat -c '%s %a %u %F' a/memory.stat a/memory.max_usage_in_bytes | say 'stat'
stat -f -c %t a/memory.stat | say 'its filesystem'
{ echo 0 >a/memory.stat; } 2>/dev/null || echo no | say 'a refused write'
echo 0 >a/memory.max_usage_in_bytes; cat a/memory.max_usage_in_bytes | say 'after a discarded write'
truncate -s 0 a/memory.max_usage_in_bytes; cat a/memory.max_usage_in_bytes | say 'after it was cut'
cat real/memory.stat | say 'where there is a real one'
cat none/memory.stat 2>&1 | say 'without a source'
test -e none/memory.stat || echo no | say 'is it there'
test -e fifo/memory.stat || echo no | say 'of a FIFO'
test -e directory/memory.stat || echo no | say 'of a directory'
cat words/memory.stat 2>&1 | say 'of what is no number'
cat long/memory.stat 2>&1 | say 'of a long number'
cat link/memory.stat | say 'of a link'
cat loop/memory.max_usage_in_bytes 2>&1 | say 'of a loop of links'
[ "$(wc -w <a/usage_percpu)" = "$(getconf _NPROCESSORS_ONLN)" ] && tr -d ' ' <a/usage_percpu | tr -s 0 | say 'without one'
echo made >none/memory.stat && cat none/memory.stat | say 'made where none is told'
`;

/** Who may not read the source is told what its own open of it would be. */
const askAsNobody = `
cd $1
say() { echo "$1: $(cat 2>&1 | sed 's/.*: //')"; }
cat closed/memory.stat 2>&1 | say 'a source that may not be read'
cat shut/memory.stat 2>&1 | say 'in a directory that is shut'
cat b/memory.stat | head -n 1 | say 'one that may be read'
`;

const answers = [
  'as the source says: rss 4096|total_rss 4096',
  'of another directory: rss 18446744073709551615|total_rss 18446744073709551615',
  'of version 2: anon 77',
  'as it says now: rss 5|total_rss 5|5',
  'stat: 18 444 0 regular file|2 640 0 regular file',
  'its filesystem: 27e0eb',
  'a refused write: no',
  'after a discarded write: 5',
  'after it was cut: 5',
  'where there is a real one: real',
  'without a source: No such file or directory',
  'is it there: no',
  'of a FIFO: no',
  'of a directory: no',
  'of what is no number: No such file or directory',
  'of a long number: No such file or directory',
  'of a link: rss 4096|total_rss 4096',
  'of a loop of links: No such file or directory',
  'without one: 0',
  'made where none is told: made',
  'a source that may not be read: Permission denied',
  'in a directory that is shut: Permission denied',
  'one that may be read: rss 18446744073709551615',
];

const script = (directory: string, policyFile: string, mechanism: string): string => {
  const exec = `${quote(seccompSpoof)} exec -m ${mechanism} --policy ${policyFile} --`;
  const nobody = 'setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all';
  return [
    'set -e; umask 022',
    `cd ${directory}`,
    'mkdir -p a/second b real none fifo directory/memory.usage_in_bytes words long link loop closed shut',
    'for each in a real closed shut; do echo 4096 >$each/memory.usage_in_bytes; done',
    'printf 18446744073709551615 >b/memory.usage_in_bytes',
    'echo 77 >a/second/memory.current; echo real >real/memory.stat',
    'mkfifo fifo/memory.usage_in_bytes; echo max >words/memory.usage_in_bytes',
    'printf %0100d 1 >long/memory.usage_in_bytes',
    'cp a/memory.usage_in_bytes there; ln -s ../there link/memory.usage_in_bytes',
    'ln -s memory.usage_in_bytes loop/memory.usage_in_bytes',
    'chmod 600 closed/memory.usage_in_bytes; chmod 700 shut',
    `${exec} sh -c ${quote(ask)}`,
    `${exec} ${nobody} sh -c ${quote(askAsNobody)} sh ${directory}`,
  ].join('\n');
};

/** gVisor of 2022 refuses the flags of stat(1), natively, too. */
function check(t: Test, { status, stdout, stderr }: Ended, statWorks = true): void {
  const expected = answers.map((line) => (statWorks ? line : line.replace(/^stat: .*/, 'stat: ')));
  t.same(stdout.trimEnd().split('\n'), expected);
  t.equal(status, 0, stderr);
}

const isRoot = process.getuid?.() === 0;

for (const mechanism of ['notify', 'trace', 'ptrace']) {
  const skip = !isRoot && 'becomes another user';
  await t.test(`here, by ${mechanism}`, { skip }, (t) => {
    check(
      t,
      runHere(t, policy, (place, file) => script(place, file, mechanism)),
    );
    t.end();
  });
}

for (const { name, skip, run } of await gvisorPlaces()) {
  for (const mechanism of ['trace', 'ptrace']) {
    await t.test(`${name}, by ${mechanism}`, { skip }, async (t) => {
      const ended = await run(policy, (place, file) => script(place, file, mechanism));
      check(t, ended, name !== 'gVisor of 2022');
    });
  }
}

const cgroups = {
  1: {
    ask: `
cd /sys/fs/cgroup/memory; mkdir empty
mask() { sed 's/[1-9][0-9][0-9]*/N/' "$@"; }
mask memory.stat memory.max_usage_in_bytes
cd empty; cat memory.stat memory.max_usage_in_bytes memory.failcnt memory.use_hierarchy
echo 0 >memory.failcnt; echo 0 >memory.max_usage_in_bytes
cat memory.oom_control 2>/dev/null || echo no other
stat -f -c %t memory.stat
`,
    // Something is used above the empty one.
    says: [
      ...['rss N', 'total_rss N', 'N'],
      ...['rss 0', 'total_rss 0', '0', '0', '1'],
      ...['no other', '27e0eb'],
    ],
  },
  2: {
    ask: `
cd /sys/fs/cgroup; mkdir empty
sed 's/[1-9][0-9][0-9]*/N/' memory.stat
echo +memory >cgroup.subtree_control; cat empty/memory.stat
echo 1 >empty/memory.oom.group; cat empty/memory.oom.group
cat memory.oom.group 2>/dev/null || echo none on top
stat -f -c %t empty/memory.stat
`,
    says: ['anon N', 'anon 0', '0', 'none on top', '63677270'],
  },
} as const;

/** Its fstatfs fails on each file of a cgroup, so that who reads one of these would fail at the next. */
const none = {
  ask: `
cd /sys/fs/cgroup/memory
cat memory.stat memory.max_usage_in_bytes 2>&1 | sed 's/.*: //'
[ "$(cat memory.usage_in_bytes)" -gt 0 ] && echo the source is there
`,
  says: ['No such file or directory', 'No such file or directory', 'the source is there'],
};

const sysctls = `
cd /proc/sys/net/ipv4; cat ip_unprivileged_port_start ping_group_range
echo 0 >ip_unprivileged_port_start; echo '0 2147483647' >ping_group_range
`;

for (const { name, runsc, version, of } of [
  { name: 'gVisor of 2022', runsc: debian, version: 1, of: none },
  { name: 'the newest gVisor', runsc: newest, version: 1, of: cgroups[1] },
  { name: 'the newest gVisor', runsc: newest, version: 2, of: cgroups[2] },
] as const) {
  const gvisor = new Gvisor(runsc);
  const skip = await gvisor.unavailable();
  await t.test(`${name}, cgroups of version ${version}`, { skip }, async (t) => {
    const native = await gvisor.run(of.ask, { cgroups: version });
    t.notMatch(native.stdout, /rss|anon/, 'natively there is none');
    for (const mechanism of ['trace', 'ptrace']) {
      const exec = `${quote(seccompSpoof)} exec -m ${mechanism} --policy k3s-gvisor --`;
      const { status, stdout, stderr } = await gvisor.run(
        `${exec} sh -c ${quote(`set -e\n${of.ask}\n${sysctls}`)}`,
        { cgroups: version },
      );
      t.same(stdout.trimEnd().split('\n'), [...of.says, '0', '0\t2147483647'], mechanism);
      t.equal(status, 0, stderr);
    }
  });
}
