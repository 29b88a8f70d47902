// `policy check` and `exec` refuse the same policies, with the same words.
import path from 'node:path';
import t from 'tap';

import { cli } from './helpers.js';

/** Valid in every line; but 30 types with 256 globs of 3 KB each make a blob of more than 16 MiB. */
function tooLarge(): string {
  const types = Array.from({ length: 30 }, (_, i) => `0x${(i + 1).toString(16)}`);
  const names = Array.from({ length: 256 }, (_, i) => i.toString(16));
  return [
    'apiVersion: seccomp-spoof/v1',
    'name: large',
    'statfs:',
    `  - when: { type: [${types.join(', ')}], path: '/{${names.join(',')}}/${'x'.repeat(3000)}' }`,
    '    answer: { type: ext4 }',
    '',
  ].join('\n');
}

const faults: readonly (readonly [file: string, text: string, said: RegExp])[] = [
  ['large.yaml', tooLarge(), /^the policy large takes more than 16 MiB when it is compiled; name /],
  ['wrong.yaml', 'apiVersion: x\nname: wrong\n', /wrong\.yaml:1:13: "x" is not known here; /],
];

for (const [file, text, said] of faults) {
  void t.test(file, async (t) => {
    const policy = path.join(t.testdir({ [file]: text }), file);
    const checked = await cli(['policy', 'check', policy]);
    t.match(checked, { status: 1, stdout: said, stderr: '' });
    const run = await cli(['exec', '-p', policy, 'echo', 'not reached']);
    t.match(run, { status: 125, stdout: '' });
    t.equal(run.stderr, `seccomp-spoof: ${checked.stdout}`);
  });
}

void t.test('what check calls ok can be run', async (t) => {
  const text = tooLarge().replace(/x{3000}/, 'x');
  const policy = path.join(t.testdir({ 'fits.yaml': text.replace('large', 'fits') }), 'fits.yaml');
  t.same(await cli(['policy', 'check', policy]), {
    ...{ status: 0, signal: null },
    ...{ stdout: `${policy}: ok\n`, stderr: '' },
  });
  const run = await cli(['exec', '-p', policy, 'echo', 'reached']);
  t.match(run, { status: 0, stdout: 'reached\n', stderr: '' });
});
