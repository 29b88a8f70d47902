// The aarch64 build, run on Debian's arm64 kernel in an emulated machine: the probe, and the
// conformance suite by each mechanism. What is TypeScript does not run there.
import t from 'tap';
import type { Result } from '../conformance/tasks.js';
import * as aarch64 from '../lanes/guest/aarch64.js';
import { type Pair, magics } from '../lanes/lane.js';
import { reportTo } from '../support/conformance.js';
import { quote } from '../support/shell.js';

const skip = aarch64.available() ?? false;
if (skip === false) aarch64.build();

const MECHANISMS = ['notify', 'trace', 'ptrace'] as const;

await t.test('every mechanism works there', { skip }, async (t) => {
  const probe = await aarch64.guest.run(`${quote(aarch64.supervisor)} probe --json`);
  t.equal(probe.status, 0, 'status', probe);
  const { features, ...others } = JSON.parse(probe.stdout) as {
    features: readonly { name: string; ok: boolean; why: string }[];
  };
  t.match(others, { arch: 'aarch64', kernel: aarch64.guest.release, mechanism: 'notify' });
  for (const mechanism of MECHANISMS) {
    const feature = features.find(({ name }) => name === mechanism);
    t.ok(feature?.ok, `${mechanism}: ${feature?.why ?? 'nothing is said'}`);
  }
});

/** EFFORT=100 runs all there is; else each rule is tried by the mechanism that looks most for it. */
const effort = process.env['EFFORT'];
const all = effort !== undefined;
const by = (mechanisms: readonly aarch64.Wrapped['mechanism'][], paths: boolean) =>
  mechanisms.map((mechanism) => ({ mechanism, paths }));
const inline = (['notify', 'trace'] as const).map((mechanism) => {
  return { mechanism, paths: false, inline: true };
});
const ext4 = { to: 'ext4', toMagic: magics.ext4 };
const tmpfs: Pair = { from: 'tmpfs', fromMagic: magics.tmpfs, ...ext4, directory: '/tmp/place' };
const ninep: Pair = { from: '9p', fromMagic: magics.v9fs, ...ext4, directory: '/run/9p/place' };
const suites: { pair: Pair; without: string; wrapped: readonly aarch64.Wrapped[] }[] = [
  {
    pair: tmpfs,
    // One fixed seed and one random seed: each takes long there.
    without: 'differential [12]$|manymounts',
    wrapped: [...by(MECHANISMS, false), ...by(all ? MECHANISMS : ['notify'], true), ...inline],
  },
  {
    pair: ninep,
    without: 'differential|go|threads|signals|inuserns|manymounts',
    wrapped: by(all ? MECHANISMS : ['notify'], false),
  },
];

const slowest = (results: readonly Result[]): Result[] =>
  [...results].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, 5);

for (const { pair, without, wrapped } of suites) {
  await t.test(`the conformance suite on ${pair.from}`, { skip }, async (t) => {
    const began = performance.now();
    const suite = {
      pair,
      wrapped,
      variants: ['static', 'go'],
      only: new RegExp(`^(?!${without})`),
      seed: Date.now() % 1_000_000,
      effort: Number(effort ?? 1),
    };
    const { results, errors } = await aarch64.runSuite(suite, {});
    t.comment(`guest: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    for (const { lane, subject, scenario, milliseconds } of slowest(results)) {
      t.comment(`${milliseconds} ms: ${lane}, ${subject}: ${scenario}`);
    }
    t.equal(errors, '', 'the scripts around the subjects have nothing to say');
    for (const lane of wrapped.map(aarch64.laneOf)) {
      const own = results.filter((result) => result.lane === lane);
      await t.test(lane, (t) => {
        own.forEach(reportTo(t));
        t.ok(
          own.some(({ status }) => status === 'pass'),
          'something was proved',
        );
        t.end();
      });
    }
  });
}
