// What is asked of a guest whose root is 9p, whichever kernel it has.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Guest, type GuestOptions, type GuestResult, checkout } from '../lanes/guest/guest.js';
import { saysAsOnThePage } from '../support/doctor.js';
import { missingGo } from '../support/go.js';
import { quote } from '../support/shell.js';
import { SILENCE_SECONDS } from '../support/silence.js';

const node = quote(process.execPath);
export const spoof = quote(join(checkout, 'dist', 'seccomp-spoof'));

export interface Check {
  readonly name: string;
  readonly script: string;
  readonly skip?: string | false;
  readonly verify: (result: GuestResult, test: Test) => void;
}

/** The script prints exactly these lines, says nothing else, and succeeds. */
export function prints(...lines: string[]): Check['verify'] {
  return (result, test) => {
    const stdout = lines.map((line) => line + '\n').join('');
    test.strictSame(result, { status: 0, stdout, stderr: '' });
  };
}

/** The script succeeds and its output matches all of these. */
export function matches(...patterns: RegExp[]): Check['verify'] {
  return (result, test) => {
    test.equal(result.status, 0, 'status', { stderr: result.stderr, stdout: result.stdout });
    for (const pattern of patterns) test.match(result.stdout, pattern);
  };
}

/** Boots once and makes a subtest of every check. */
export async function checkAll(
  test: Test,
  guest: Guest,
  checks: readonly Check[],
  options: GuestOptions,
): Promise<void> {
  const started = performance.now();
  const scripts = checks.map((check) => check.script);
  const results = await guest.runAll(scripts, options);
  test.comment(`guest: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  for (const [index, check] of checks.entries()) {
    await test.test(check.name, { skip: check.skip ?? false }, (subtest) => {
      const result = results[index];
      if (result === undefined) subtest.fail('no result');
      else check.verify(result, subtest);
      subtest.end();
    });
  }
}

export const hex = (type: number): string => `0x${type.toString(16)}`;
export const type = (value: string): string => `Filesystem type: ${value}`;
const inNode = quote("console.log('0x' + require('fs').statfsSync('/').type.toString(16))");

/** Programs that ask for the type of a filesystem, as words of a shell. */
export interface Programs {
  readonly c: string;
  readonly go: string;
}

/** Built into a directory that the guest sees. */
export function buildPrograms(directory: string): Programs {
  const sources = join(checkout, 'test', 'guest');
  const output = join(directory, 'filesystem-type');
  const flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-O2'];
  execFileSync('cc', [...flags, '-o', output, join(sources, 'filesystem-type.c')]);
  const words = ['build', '-o', `${output}-go`, join(sources, 'go', 'filesystem-type.go')];
  if (missingGo === false) execFileSync('go', words, { env: { ...process.env, CGO_ENABLED: '0' } });
  // Where there are others beside it, the one in C stands for one in Go that cannot be built.
  return { c: quote(output), go: quote(missingGo === false ? `${output}-go` : output) };
}

/** Of a root by `9p2000.u`, where the kernel says 9p. `release`: as `uname -r` says it there. */
export const onNine = ({ c, go }: Programs, release: string): Check[] => [
  { name: 'native: the kernel', script: 'uname -r', verify: prints(release) },
  { name: 'native: a C program', script: c, verify: prints(type('0x1021997')) },
  { name: 'native: stat', script: 'stat -f -c %T /', verify: prints('v9fs') },
  {
    name: 'native: a static Go program',
    ...{ script: go, skip: missingGo, verify: prints(type('0x1021997')) },
  },
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
    skip: missingGo,
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
    verify: (result, test) => {
      matches(/\b9p\b/, new RegExp(release.replace(/[.+]/g, '\\$&')))(result, test);
      const [series = ''] = /^\d+\.\d+/.exec(release) ?? [];
      saysAsOnThePage(test, `Linux ${series}`, result.stdout);
    },
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
    name: 'nothing is left behind, but what is kept for the next start',
    // The guardian ends by itself, soon after the last program.
    script: `tries=0
      left() { grep -l 'seccomp-[s]poof' /proc/[0-9]*/cmdline /proc/[0-9]*/comm 2>/dev/null; }
      while left >/tmp/left && [ $tries -lt 6000 ]; do
        tries=$((tries + 1)); sleep 0.1
      done
      cat /tmp/left; find /run /tmp -xdev -path ${quote(checkout)} -prune -o -path '*/.cache/seccomp-spoof' -prune -o -name '*seccomp-spoof*' -print`,
    verify: prints(),
  },
];
