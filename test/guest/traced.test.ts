// On aarch64, in the emulated machine: a program with a strict filter of its own, and waits that
// ignored signals do not end, which need a register that the end of a call overwrites.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { loadPolicy } from '../../src/index.js';
import * as aarch64 from '../lanes/guest/aarch64.js';
import { root, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';

const skip = aarch64.available() ?? false;
if (skip === false) aarch64.build();

function compile(name: string, directory: string): string {
  const program = path.join(directory, name);
  const source = path.join(root, 'test/traced', `${name}.c`);
  const words = ['-O2', '-D_GNU_SOURCE', '-static', '-pthread', '-include', 'stdbool.h'];
  const { status, stderr } = spawnSync('aarch64-linux-gnu-gcc', [...words, '-o', program, source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return quote(program);
}

await t.test('filters and ignored signals', { skip }, async (t) => {
  // Below the checkout, where the guest sees it.
  const directory = mkdtempSync(path.join(testBuild, 'aarch64', 'traced-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const policy = path.join(directory, 'policy.yaml');
  const blob = path.join(directory, 'blob');
  const rule = '{ path: /tmp/place/content, content: "told\\n" }';
  writeFileSync(policy, `apiVersion: seccomp-spoof/v1\nname: traced\nfiles:\n  - ${rule}\n`);
  writeFileSync(blob, (await loadPolicy({ policy })).blob);
  const [filtered, waits] = [compile('filtered', directory), compile('waits', directory)];
  const below = (mechanism: string): string =>
    `taskset 1 ${quote(aarch64.supervisor)} start --policy 9 --mechanism ${mechanism} --`;
  const { status, stdout } = await aarch64.guest.run(
    [
      'mkdir -p /tmp/place; cd /tmp/place; echo real >content; echo real >redirect',
      `exec 9<${quote(blob)}`,
      ...['trace', 'ptrace'].map((name) => `${below(name)} ${filtered} kill /tmp/place; echo $?`),
      `echo native; ${waits}; echo traced; ${below('ptrace')} ${waits}`,
    ].join('\n'),
  );
  t.equal(status, 0);
  const [ends = '', native, traced] = stdout.split(/^(?:native|traced)\n/m);
  const lines = ends.split('\n');
  t.equal(lines.filter((line) => line === 'content: told').length, 2);
  t.equal(lines.filter((line) => line === '0').length, 2, 'neither was killed');
  t.match(native, /^epoll: 0$/m);
  t.equal(traced, native);
});
