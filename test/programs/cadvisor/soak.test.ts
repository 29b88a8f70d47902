// cAdvisor, which is a part of kubelet, for two minutes in gVisor, watched by `npm run soak`: natively
// it never has statistics, below `exec` always. The name of its file makes `exec` take k3s-gvisor.
import path from 'node:path';
import t from 'tap';
import type { Soak } from '../../../bench/soak/model.js';
import { Gvisor, share } from '../../lanes/gvisor/gvisor.js';
import { newest } from '../../lanes/gvisor/runsc.js';
import { root } from '../../support/paths.js';
import { quote } from '../../support/shell.js';
import { reportOf, verdicts } from '../../support/soaks.js';
import { build, unavailable } from './cadvisor.js';

const gvisor = new Gvisor(newest);
const skip = unavailable() || (await gvisor.unavailable());
const main = path.join(root, 'bench/build/js/bench/soak/main.js');
const address = '127.0.0.1:8080';

async function soak(release: 'old' | 'new', options: string): Promise<Soak> {
  const words = `${options} --statistics http://${address}/api/v1.3/containers/ --out ${share}/out`;
  const script = [
    `ln -s ${quote(build(release))} /tmp/cadvisor`,
    `${quote(process.execPath)} ${quote(main)} ${words} /tmp/cadvisor --serve ${address} >&2`,
    `cat ${share}/out/soak.json`,
  ].join('\n');
  return reportOf(await gvisor.run(script, { cgroups: 1 }));
}

await t.test('natively', { skip }, async (t) => {
  const seen = await soak('new', '--native --for 30s --every 5s --settle 15s');
  const expected = { 'statistics of filesystems are reported': 'not met' };
  t.match(verdicts(seen), expected, 'there are no statistics', { criteria: seen.criteria });
});

await t.test('below exec, for two minutes', { skip }, async (t) => {
  const seen = await soak('new', '--for 2m --every 10s --settle 20s');
  t.same(seen.policy, ['k3s-gvisor'], 'the policy is found by the name of the program');
  const expected = {
    'the node is Ready and stays so': 'not asked',
    'no cAdvisor errors in the log': 'met',
    'statistics of filesystems are reported': 'met',
    'a pod runs': 'not asked',
    'pods come and go': 'not asked',
    'it stays up': 'met',
    'the whole time': 'met',
    'the supervisor answers everything': 'met',
  };
  t.same(verdicts(seen), expected, 'it holds out', { criteria: seen.criteria });
  t.ok(seen.observations.length >= 8, `${seen.observations.length} looks`);
});
