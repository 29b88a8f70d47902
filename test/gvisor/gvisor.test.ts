// In gVisor, on a root that is 9p: what `exec` chooses there, what programs see, and the
// conformance suite by both mechanisms that can work there.
import path from 'node:path';
import t from 'tap';
import type { Result } from '../conformance/tasks.js';
import { Gvisor, share } from '../lanes/gvisor/gvisor.js';
import { magics } from '../lanes/lane.js';
import { reportTo } from '../support/conformance.js';
import { seccompSpoof, testBuild } from '../support/paths.js';

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
const spoof = quote(seccompSpoof);
const gvisor = new Gvisor();
const skip = await gvisor.unavailable();

await t.test('a root that is 9p looks like ext4', { skip }, async (t) => {
  const ask = 'stat -f -c %t /';
  const script = [
    ask,
    ...['auto', 'trace', 'ptrace'].map((name) => `${spoof} exec -v -m ${name} -- ${ask} 2>&1`),
    `${spoof} doctor --json | grep '"mechanism"'`,
  ].join('\n');
  const { status, stdout } = await gvisor.run(script, { timeoutMs: 120_000 });
  t.equal(status, 0);
  const [native, ...lines] = stdout.split('\n');
  t.equal(native, magics.v9fs.toString(16), 'it is 9p');
  t.equal(lines.filter((line) => line === magics.ext4.toString(16)).length, 3, stdout);
  const chosen = lines.filter((line) => /: mechanism \w+: /.test(line));
  t.match(chosen, [/ trace: /, / trace: /, / ptrace: /], 'what auto chooses, and what was asked');
  t.match(stdout, /"mechanism": ?"trace"/, 'what the doctor says');
});

/**
 * Without paths in the rules programs make their calls themselves there, and the answer is changed
 * afterwards; with paths the tracer looks every file up, step by step, which takes long.
 */
const suites = [
  { mechanism: 'trace', paths: '', without: '$' },
  { mechanism: 'ptrace', paths: '', without: '$' },
  { mechanism: 'trace', paths: '--paths', without: 'differential|go|threads|signals' },
];

for (const { mechanism, paths, without } of suites) {
  await t.test(`the conformance suite by ${mechanism} ${paths}`, { skip }, async (t) => {
    const pair = { from: '9p', fromMagic: magics.v9fs, to: 'ext4', toMagic: magics.ext4 };
    const lane = { name: 'gvisor', pairs: [{ ...pair, directory: share }] };
    const runner = [
      ...[process.execPath, path.join(testBuild, 'js/conformance/runner.js')].map(quote),
      `--exec ${spoof} --scratch /tmp/scratch --lane ${share}/lane.json --mechanism ${mechanism} ${paths}`,
      // Every call and every signal costs many times what it costs on Linux.
      '--variants static,go --effort 2 --patience 4',
      `--only ${quote(`^(?!${without})`)}`,
    ];
    const began = performance.now();
    const { stdout, stderr } = await gvisor.run(
      `umask 022; mkdir /tmp/scratch; exec ${runner.join(' ')}`,
      { files: { 'lane.json': JSON.stringify(lane) }, timeoutMs: 900_000 },
    );
    t.comment(`gVisor: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    t.equal(stderr, '', 'the runner itself has nothing to say');
    const results = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Result);
    results.forEach(reportTo(t));
    t.ok(
      results.some(({ status }) => status === 'pass'),
      'something was proved',
    );
  });
}
