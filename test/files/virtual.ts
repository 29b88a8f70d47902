// Files that only rules make, asked by the same subject as real ones: the shell script that does both,
// for whatever lane runs it, and the comparison.
import path from 'node:path';
import type { Test } from 'tap';
import { seccompSpoof, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';

const subject = quote(path.join(testBuild, 'static/virtual'));
const border = '=== next run ===';

export type Mechanism = 'notify' | 'trace' | 'ptrace';

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
export function script(
  directory: string,
  mechanisms: readonly Mechanism[],
  policyFile: string,
): string {
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
    `${subject} ${directory}/native 2>&1`,
    ...mechanisms.flatMap((mechanism) => [
      `echo '${border}'`,
      makeTarget,
      `${quote(seccompSpoof)} exec -m ${mechanism} --policy ${policyFile} -- ` +
        `${subject} ${directory}/virtual 2>&1`,
    ]),
  ].join('\n');
}

/** The virtual runs have to say what the native one did. */
export function compare(t: Test, output: string, mechanisms: readonly Mechanism[]): void {
  const [native = '', ...runs] = output.split(`${border}\n`);
  t.equal(runs.length, mechanisms.length, 'every run has come to its end', { output });
  t.match(native, /^-- writing$[^]*^-- one file for all$/m, 'the native run is complete');
  for (const [i, mechanism] of mechanisms.entries()) t.equal(runs[i], native, mechanism);
}
