// What has to hold in every gVisor, on a root that is 9p: what `exec` chooses there, what programs
// see, and the conformance suite by both mechanisms that can work there.
import path from 'node:path';
import type { Test } from 'tap';
import type { Result } from '../conformance/tasks.js';
import { Gvisor, share } from '../lanes/gvisor/gvisor.js';
import type { Runsc } from '../lanes/gvisor/runsc.js';
import { magics } from '../lanes/lane.js';
import { compileIn } from './compile.js';
import { reportTo } from './conformance.js';
import { saysAsOnThePage } from './doctor.js';
import { compileNamed, makeNamedPlace } from './named.js';
import { seccompSpoof, testBuild } from './paths.js';
import { quote } from './shell.js';

export interface Suite {
  readonly mechanism: 'trace' | 'ptrace';
  /** With rules that need the path of each file. */
  readonly paths: boolean;
  /** Programs answer by themselves what they can. */
  readonly inline?: boolean;
  /** All scenarios below one `exec`. */
  readonly batch?: boolean;
  /** Beginnings of the names of scenarios that are left out. */
  readonly without?: readonly string[];
}

const spoof = quote(seccompSpoof);

async function looks(t: Test, lane: string, gvisor: Gvisor): Promise<void> {
  const ask = 'stat -f -c %t /';
  const script = [
    ask,
    ...['auto', 'trace', 'ptrace'].map((name) => `${spoof} exec -v -m ${name} -- ${ask} 2>&1`),
    `${spoof} doctor`,
    // Not k3s, but called like it.
    'ln -s /bin/echo /tmp/k3s',
    `${spoof} exec -v /tmp/k3s server --snapshotter=native 2>&1`,
  ].join('\n');
  const { status, stdout } = await gvisor.run(script);
  t.equal(status, 0);
  const [native, ...lines] = stdout.split('\n');
  t.equal(native, magics.v9fs.toString(16), 'it is 9p');
  t.equal(lines.filter((line) => line === magics.ext4.toString(16)).length, 3, stdout);
  const chosen = lines.filter((line) => /: mechanism \w+: /.test(line));
  t.match(
    chosen,
    [/ trace: /, / trace: /, / ptrace: /, / trace: /],
    'what auto chooses, and what was asked',
  );
  saysAsOnThePage(t, lane, stdout);
  t.match(
    stdout,
    /: policy k3s-gvisor: \d+ rules, data_dir \S+, kubelet_dir \S+$/m,
    'the policy of a known program',
  );
  t.match(stdout, /: chosen for k3s, as in gVisor: /);
  t.match(stdout, /: {3}--flannel-backend=none {2,}\S/m, 'an option that no rule replaces');
  t.match(stdout, /^server --snapshotter=native$/m, 'nothing is added');
  const whole = [
    '/tmp/k3s server --snapshotter=native --flannel-backend=none --disable-network-policy',
    '--disable-kube-proxy --kubelet-arg=kubelet-cgroups=/k3s',
    '--kubelet-arg=runtime-cgroups=/k3s',
  ].join(' ');
  const told = /: the whole line: (.*)$/m.exec(stdout)?.[1];
  t.equal(told, whole, 'all options of gVisor, and none twice');
}

/** What a program answers by itself is the same, and is hardly stopped. */
async function answers(t: Test, gvisor: Gvisor, verbs: readonly string[]): Promise<void> {
  const ask = compileIn('inline', 'ask', ['ask.c']);
  const stats = '--stats --stats-format json --fstype 9p=ext4';
  const script = verbs.flatMap((verb) =>
    ['off', 'always'].map(
      (when) =>
        `echo; ${spoof} exec -q -m trace --inline ${when} ${stats} -- ${quote(ask)} ${verb} ${quote(testBuild)} 2>&1; echo "status $?"`,
    ),
  );
  const { stdout } = await gvisor.run(script.join('\n'));
  const runs = stdout
    .split(/^status (?=\d+$)/m)
    .map((text) => text.replaceAll(/^\d*\n+/g, ''))
    .slice(0, -1);
  t.equal(runs.length, 2 * verbs.length, stdout);
  verbs.forEach((verb, i) => {
    const [off, always] = [runs[2 * i] ?? '', runs[2 * i + 1] ?? ''];
    const said = (text: string): string => text.replace(/^\{.*\n/m, '');
    t.equal(said(always), said(off), verb);
    t.match(always, /"outcome":"places in them"/, `${verb}: places answer by themselves`);
    const stopped = (text: string): number => Number(/"stopped":(\d+)/.exec(text)?.[1]);
    t.ok(stopped(always) < stopped(off), `${verb}: ${stopped(always)} instead of ${stopped(off)}`);
  });
}

/** The same of paths with a name that a rule has, and of others. */
async function namedAnswers(t: Test, gvisor: Gvisor): Promise<void> {
  const program = quote(compileNamed());
  const words = '-q -m trace --stats --stats-format json -p /tmp/place/policy.yaml';
  const { stdout } = await gvisor.run(`${makeNamedPlace('/tmp/place')}
    for when in off always; do
      ${spoof} exec ${words} --inline $when -- ${program} /tmp/place 2 >/tmp/$when 2>/tmp/$when.json; echo $?
    done
    cmp /tmp/off /tmp/always && echo same; grep -c : /tmp/off; cat /tmp/off.json /tmp/always.json`);
  const [, off, always, same, lines, ...told] =
    /^(0)\n(0)\n(same)\n(\d+)\n.*"stopped":(\d+).*\n.*"stopped":(\d+).*"places in them"/m.exec(
      stdout,
    ) ?? [];
  t.same([off, always, same], ['0', '0', 'same'], stdout);
  t.ok(Number(lines) > 4000, `${lines} lines are the same`);
  // How many are not stopped is a matter of time: attempts rest.
  const [all, others] = told.map(Number);
  t.ok(Number(others) < Number(all), `${others} calls were stopped instead of ${all}`);
}

async function conformance(t: Test, gvisor: Gvisor, suite: Suite): Promise<void> {
  const { mechanism, paths, inline = false, batch = false, without = [] } = suite;
  const pair = { from: '9p', fromMagic: magics.v9fs, to: 'ext4', toMagic: magics.ext4 };
  const lane = { name: 'gvisor', pairs: [{ ...pair, directory: share }] };
  const runner = [
    ...[process.execPath, path.join(testBuild, 'js/conformance/runner.js')].map(quote),
    `--exec ${spoof} --scratch /tmp/scratch --lane ${share}/lane.json --mechanism ${mechanism}`,
    // Every call and every signal costs many times what it costs on Linux.
    '--variants static,go --effort 2',
    `--only ${quote(`^(?!${without.join('|') || '$'})`)}`,
    ...(paths ? ['--paths'] : []),
    ...(inline ? ['--inline always'] : []),
    ...(batch ? ['--batch'] : []),
  ];
  const began = performance.now();
  const { stdout, stderr } = await gvisor.run(
    `umask 022; mkdir /tmp/scratch; exec ${runner.join(' ')}`,
    { files: { 'lane.json': JSON.stringify(lane) } },
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
}

/** `lane`: as docs/lanes.md calls it; `verbs`: of test/inline/ask.c. */
export async function testGvisor(
  t: Test,
  lane: string,
  runsc: Runsc,
  verbs: readonly string[],
  suites: readonly Suite[],
): Promise<void> {
  const gvisor = new Gvisor(runsc);
  const skip = await gvisor.unavailable();
  await t.test('a root that is 9p looks like ext4', { skip }, (t) => looks(t, lane, gvisor));
  await t.test('programs answer by themselves', { skip }, (t) => answers(t, gvisor, verbs));
  await t.test('... of names that no rule has', { skip }, (t) => namedAnswers(t, gvisor));
  for (const suite of suites) {
    const how = `${suite.paths ? ', by path' : ''}${suite.inline ? ', inline' : ''}`;
    const name = `the conformance suite by ${suite.mechanism}${how}`;
    await t.test(name, { skip }, (t) => conformance(t, gvisor, suite));
  }
}
