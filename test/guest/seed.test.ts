// The main job on real input: where the root is 9p, every program below `seccomp-spoof exec` sees
// ext4.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type GuestOptions, type GuestResult } from '../lanes/guest/guest.js';
import { Guest, checkout } from '../lanes/guest/guest.js';
import { quote } from '../support/shell.js';
import { SILENCE_SECONDS } from '../support/silence.js';

const sources = join(checkout, 'test', 'guest');
/** Of this run, and below the checkout, which the guest sees. */
mkdirSync(join(checkout, 'test', 'build'), { recursive: true });
const build = mkdtempSync(join(checkout, 'test', 'build', 'guest-'));
t.teardown(() => {
  rmSync(build, { recursive: true });
});
const c = quote(join(build, 'filesystem-type'));
const go = quote(join(build, 'filesystem-type-go'));
const node = quote(process.execPath);
const spoof = quote(join(checkout, 'dist', 'seccomp-spoof'));

interface Check {
  readonly name: string;
  readonly script: string;
  readonly verify: (result: GuestResult, test: Test) => void;
}

/** The script prints exactly these lines, says nothing else, and succeeds. */
function prints(...lines: string[]): Check['verify'] {
  return (result, test) => {
    const stdout = lines.map((line) => line + '\n').join('');
    test.strictSame(result, { status: 0, stdout, stderr: '' });
  };
}

/** The script succeeds and its output matches all of these. */
function matches(...patterns: RegExp[]): Check['verify'] {
  return (result, test) => {
    test.equal(result.status, 0, 'status', { stderr: result.stderr, stdout: result.stdout });
    for (const pattern of patterns) test.match(result.stdout, pattern);
  };
}

/** Boots once and makes a subtest of every check. */
async function checkAll(test: Test, checks: readonly Check[], options: GuestOptions) {
  const started = performance.now();
  const scripts = checks.map((check) => check.script);
  const results = await guest.runAll(scripts, options);
  test.comment(`guest: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  for (const [index, check] of checks.entries()) {
    await test.test(check.name, (subtest) => {
      const result = results[index];
      if (result === undefined) subtest.fail('no result');
      else check.verify(result, subtest);
      subtest.end();
    });
  }
}

const hex = (type: number): string => `0x${type.toString(16)}`;
const type = (value: string): string => `Filesystem type: ${value}`;
const inNode = quote("console.log('0x' + require('fs').statfsSync('/').type.toString(16))");

const guest = new Guest();
const skip = guest.available() ?? false;

if (skip === false) {
  const output = join(build, 'filesystem-type');
  const flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-O2'];
  execFileSync('cc', [...flags, '-o', output, join(sources, 'filesystem-type.c')]);
  execFileSync('go', ['build', '-o', `${output}-go`, join(sources, 'go', 'filesystem-type.go')], {
    env: { ...process.env, CGO_ENABLED: '0' },
  });
}

const release = skip === false ? guest.release : '';
const onNine: Check[] = [
  { name: 'native: the kernel', script: 'uname -r', verify: prints(release) },
  { name: 'native: a C program', script: c, verify: prints(type('0x1021997')) },
  { name: 'native: stat', script: 'stat -f -c %T /', verify: prints('v9fs') },
  { name: 'native: a static Go program', script: go, verify: prints(type('0x1021997')) },
  { name: 'native: Node', script: `${node} -e ${inNode}`, verify: prints('0x1021997') },
  {
    name: 'native: the mount table',
    script: 'findmnt -n -o FSTYPE,OPTIONS /',
    verify: matches(/^9p .*version=9p2000\.u/),
  },
  { name: 'exec: a C program', script: `${spoof} exec ${c}`, verify: prints(type('0xef53')) },
  {
    name: 'exec: stat',
    script: `${spoof} exec stat -f -c %T /`,
    verify: prints('ext2/ext3'),
  },
  {
    name: 'exec: a static Go program',
    script: `${spoof} exec ${go}`,
    verify: prints(type('0xef53')),
  },
  { name: 'exec: Node', script: `${spoof} exec ${node} -e ${inNode}`, verify: prints('0xef53') },
  {
    name: 'exec: a child of a child',
    script: `${spoof} exec sh -c ${quote(`sh -c 'stat -f -c %T /; ${go}; true'; true`)}`,
    verify: prints('ext2/ext3', type('0xef53')),
  },
  {
    name: 'exec: paths and descriptors on 9p and elsewhere',
    script: `cd /usr; exec </etc/passwd; ${spoof} exec ${c} . bin/.. /etc/passwd -0 open:/usr open:. /proc/self/cwd /tmp /proc /run/guest /none -99`,
    verify: (result, test) => {
      const ext4 = Array<string>(7).fill('0xef53');
      const others = ['0x1021994', '0x9fa0', '0xef53'];
      const errors = ['No such file or directory', 'Bad file descriptor'];
      const expected = [...ext4, ...others, ...errors].map((value) => type(value) + '\n').join('');
      test.strictSame(result, { status: 1, stdout: expected, stderr: '' });
    },
  },
  {
    name: 'exec: only the type changes',
    // It is the disk of the host, where others write: until nobody did between three looks.
    script: `look() { "$@" stat -f -c '%b %f %a %c %d %l %s %S %i' / /usr; }
      tries=0 before= after=no
      while [ "$before" != "$wrapped" ] || [ "$before" != "$after" ] && [ $tries -lt 100 ]; do
        before=$(look command); wrapped=$(look ${spoof} exec); after=$(look command)
        tries=$((tries + 1))
      done
      echo "$before"; echo "$wrapped"`,
    verify: (result, test) => {
      const lines = result.stdout.trimEnd().split('\n');
      test.equal(lines.length, 4, 'lines', result);
      test.strictSame(lines.slice(2), lines.slice(0, 2));
    },
  },
  {
    name: 'exec: another pair',
    script: `${spoof} exec --fstype 9p=xfs stat -f -c %T / /tmp`,
    verify: prints('xfs', 'tmpfs'),
  },
  {
    name: 'exec: a tmpfs in the guest',
    script: `${spoof} exec --fstype tmpfs=ext4 stat -f -c %T /tmp /dev/shm`,
    verify: prints('ext2/ext3', 'ext2/ext3'),
  },
  {
    name: 'exec: status, pid and parent are those of the command',
    script: `echo $$
      ${spoof} exec sh -c 'echo $PPID; exit 7'
      echo $?
      sh -c 'echo $$; exec ${spoof} exec sh -c "echo \\$\\$"'`,
    verify: (result, test) => {
      const [pid, parent, status, before, after, ...rest] = result.stdout.trimEnd().split('\n');
      test.equal(parent, pid, 'parent', result);
      test.equal(status, '7', 'status');
      test.equal(after, before, 'pid');
      test.strictSame(rest, []);
    },
  },
  {
    name: 'doctor',
    script: `${spoof} doctor`,
    verify: matches(/notify/, /\b9p\b/, new RegExp(release)),
  },
  {
    name: 'doctor --json',
    script: `${spoof} doctor --json`,
    verify: (result, test) => {
      test.equal(result.status, 0, 'status', result);
      test.match(JSON.parse(result.stdout), {
        ok: true,
        probe: { kernel: release, mechanism: 'notify' },
      });
    },
  },
  {
    name: 'our own verbs end where fsync(2) never returns',
    script: `for verb in --version 'policy check 9p-as-ext4'; do
        timeout ${SILENCE_SECONDS / 2} ${spoof} $verb >/run/guest/verb && head -n 1 /run/guest/verb
      done`,
    verify: matches(/^seccomp-spoof +\S+\n9p-as-ext4: ok\n$/),
  },
  {
    name: 'nothing is left behind',
    // The guardian ends by itself, soon after the last program.
    script: `tries=0
      left() { grep -l 'seccomp-[s]poof' /proc/[0-9]*/cmdline /proc/[0-9]*/comm 2>/dev/null; }
      while left >/tmp/left && [ $tries -lt 6000 ]; do
        tries=$((tries + 1)); sleep 0.1
      done
      cat /tmp/left; find /run /tmp -xdev -path ${quote(checkout)} -prune -o -name '*seccomp-spoof*' -print`,
    verify: prints(),
  },
];

await t.test('9p2000.u: the kernel says 9p', { skip }, async (test) => {
  await checkAll(test, onNine, { version: '9p2000.u' });
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
    await checkAll(test, checks, { version: '9p2000.u', cache: 'none' });
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
  ];
  await checkAll(test, checks, { version: '9p2000.L' });
});
