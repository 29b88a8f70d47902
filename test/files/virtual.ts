// Files that only rules make, asked by the same subject as real ones: the shell script that does both,
// for whatever lane runs it, and the comparison.
import path from 'node:path';
import type { Test } from 'tap';
import { seccompSpoof, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';

const subject = quote(path.join(testBuild, 'static/virtual'));
const border = '=== next run ===';

export interface Way {
  readonly mechanism: 'notify' | 'trace' | 'ptrace';
  /** One inode for all opens of a rule. Without it each open has a copy of its own. */
  readonly shares: boolean;
}

/** Everything happens below `directory`, which is there and empty. */
export function policy(directory: string): string {
  return [
    'apiVersion: seccomp-spoof/v1',
    'name: virtual',
    'files:',
    `  - path: ${directory}/virtual/keep`,
    '    content: "first line\\nsecond\\n"',
    '    writes: keep',
    '    mode: "0644"',
    `  - path: ${directory}/virtual/plain`,
    '    content: "0123456789\\n"',
    '    mode: "0444"',
    `  - path: ${directory}/virtual/secret`,
    '    content: "s\\n"',
    '    mode: "0600"',
    `  - path: ${directory}/virtual/to`,
    `    redirect: ${directory}/target`,
    '',
  ].join('\n');
}

/** Prints what the subject says of real files, then by each way of virtual ones. */
export function script(directory: string, ways: readonly Way[], policyFile: string): string {
  const makeTarget = `echo real >${directory}/target`;
  return [
    'set -e',
    'umask 022',
    `mkdir ${directory}/native ${directory}/virtual`,
    `cd ${directory}/native`,
    "printf 'first line\\nsecond\\n' >keep",
    "printf '0123456789\\n' >plain; chmod 444 plain",
    "printf 's\\n' >secret; chmod 600 secret",
    `ln -s ${directory}/target to`,
    makeTarget,
    `${subject} ${directory}/native all 2>&1`,
    ...ways.flatMap(({ mechanism, shares }) => [
      `echo '${border}'`,
      makeTarget,
      `${quote(seccompSpoof)} exec -m ${mechanism} --policy ${policyFile} -- ` +
        `${subject} ${directory}/virtual ${shares ? 'all' : ''} 2>&1`,
    ]),
  ].join('\n');
}

const withoutSharing = (text: string): string => text.replace(/-- one file for all\n[^]*$/, '');

/** The virtual runs have to say what the native one did. */
export function compare(t: Test, output: string, ways: readonly Way[]): void {
  const [native = '', ...runs] = output.split(`${border}\n`);
  t.equal(runs.length, ways.length, 'every run has come to its end', { output });
  t.match(native, /^-- writing$[^]*^-- one file for all$/m, 'the native run is complete');
  for (const [i, { mechanism, shares }] of ways.entries()) {
    t.equal(runs[i], shares ? native : withoutSharing(native), mechanism);
  }
}
