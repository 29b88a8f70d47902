// `npm run soak:k3s`: which line it makes of a k3s. The k3s is a script that only says how it was called;
// a real one's parts: test/programs/kubelet.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';

import { policyFor } from '../../bench/soak/command.js';
import type { Soak } from '../../bench/soak/model.js';
import { readOptions } from '../../bench/soak/options.js';
import { cleanCommand } from '../support/environment.js';
import { root, seccompSpoof } from '../support/paths.js';

const main = path.join(root, 'bench/build/js/bench/soak/k3s.js');

function run(
  test: Test,
  words: readonly string[],
  k3s?: string,
): { status: number | null; stderr: string; directory: string } {
  const directory = mkdtempSync(path.join(tmpdir(), 'seccomp-spoof-k3s-'));
  test.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  const release = path.join(directory, 'k3s-amd64');
  writeFileSync(release, '#!/bin/sh\necho "$@"\nexec sleep 60\n');
  chmodSync(release, 0o755);
  const file = k3s ?? release;
  const command = [process.execPath, main, '--out', path.join(directory, 'out'), ...words];
  const [program, rest] = cleanCommand(command, { K3S: file });
  const { status, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
  return { status, stderr, directory };
}

void t.test('a release that is called otherwise gets the policy of k3s', (test) => {
  const short = ['--for', '2s', '--every', '1s', '--settle', '0'];
  const { status, stderr, directory } = run(test, [...short, '--', '--data-dir=/x', '--a b']);
  const out = path.join(directory, 'out');
  test.equal(status, 1, 'nobody has answered');
  const soak = JSON.parse(readFileSync(path.join(out, 'soak.json'), 'utf8')) as Soak;
  test.same(soak.policy, ['k3s']);
  const seen = [`--write-kubeconfig=${out}/k3s.yaml`, '--kubelet-arg=read-only-port=10255'];
  const expected = [`${out}/k3s`, 'server', ...seen, '--data-dir=/x', '--a b'];
  const doctor = spawnSync(seccompSpoof, ['doctor', '--json', ...expected], { encoding: 'utf8' });
  const { command } = JSON.parse(doctor.stdout) as { command: { advised: string[] } };
  test.same(soak.command, command.advised, 'the line that doctor advises');
  test.ok(soak.command.includes('--data-dir=/x'), 'with what was given');
  test.match(readFileSync(path.join(out, 'command.log'), 'utf8'), /^server --write-kubeconfig=/);
  test.match(stderr, /^soak: .*k3s server --write-kubeconfig=/m, 'the line is told');
  const asked = soak.criteria.filter(({ verdict }) => verdict === 'not asked');
  test.same(asked, [], 'all of the experiment is asked');
  test.match(stderr, /^soak: 0:00:02 {2}up {2}node ENOENT/m);
  test.end();
});

void t.test('the policy knows where the data lies, as below exec', async (test) => {
  const words = ['--out', '/x', '/opt/k3s', 'server', '--data-dir=/srv/k3s'];
  const options = await readOptions(words);
  const policy = options && (await policyFor(options));
  const values = policy?.parameters?.map(({ name, value }) => [name, value]);
  test.same(Object.fromEntries(values ?? []), {
    data_dir: '/srv/k3s',
    kubelet_dir: '/var/lib/kubelet',
  });
});

void t.test('options that are named take the place of its own', (test) => {
  const own = ['--statistics', 'http://127.0.0.1:1/s', '--pod', 'other:1', '--native'];
  const words = [...own, '--for', '1s', '--every', '1s', '--settle', '0'];
  const { stderr, directory } = run(test, words);
  const file = path.join(directory, 'out/soak.json');
  const soak = JSON.parse(readFileSync(file, 'utf8')) as Soak;
  test.equal(soak.policy, null);
  test.match(stderr, /statistics connect ECONNREFUSED 127\.0\.0\.1:1 /);
  test.end();
});

void t.test('wrong usage', (test) => {
  for (const [words, k3s, message] of [
    [[], '', /K3S is not set: K3S=/],
    [[], '/no/such/k3s', /K3S=\/no\/such\/k3s is no program that can be run/],
    [['--kubeconfig=/x'], undefined, /--kubeconfig: k3s is told to write one of its own/],
    [['--for', 'soon'], undefined, /--for "soon" is no time/],
  ] as const) {
    const { status, stderr } = run(test, words, k3s);
    test.equal(status, 2, stderr);
    test.match(stderr, message);
  }
  test.end();
});
