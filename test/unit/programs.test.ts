// Which policy a program gets by itself, and which options of its own it needs.
import { existsSync } from 'node:fs';
import t from 'tap';

import { builtPolicies, DEFAULT_POLICY, PACKAGE_DIRECTORY } from '../../src/policy/locations.js';
import { advise, usualLine } from '../../src/programs/advice.js';
import { choosePolicy, environmentHere, PROGRAM_DEFAULTS } from '../../src/programs/defaults.js';

const optionsFor = (
  words: readonly string[],
  environment: 'linux' | 'gvisor',
  filesystem?: string,
): string[] => advise(words, environment, () => filesystem).options.map(({ option }) => option);

void t.test('a program is known by the last part of its path', (t) => {
  for (const [command, environment, policy, program] of [
    ['k3s', 'linux', 'k3s', 'k3s'],
    ['/usr/local/bin/k3s', 'gvisor', 'k3s-gvisor', 'k3s'],
    ['./kubelet', 'linux', 'k3s', 'kubelet'],
    ['cadvisor', 'linux', DEFAULT_POLICY, 'cadvisor'],
    ['cadvisor', 'gvisor', 'k3s-gvisor', 'cadvisor'],
    ['k3s-killall.sh', 'gvisor', DEFAULT_POLICY, undefined],
    ['/opt/k3s/run', 'linux', DEFAULT_POLICY, undefined],
    ['k3s/', 'linux', DEFAULT_POLICY, undefined],
    ['', 'linux', DEFAULT_POLICY, undefined],
  ] as const) {
    t.same(choosePolicy(command, environment), { policy, environment, program }, command);
  }
  t.end();
});

void t.test('every policy that is chosen is shipped', (t) => {
  const shipped = builtPolicies(`${PACKAGE_DIRECTORY}/dist/policies`).names();
  const chosen = PROGRAM_DEFAULTS.flatMap(({ policies }) => Object.values(policies));
  t.same(
    chosen.filter((name) => !shipped.includes(name)),
    [],
  );
  t.end();
});

void t.test('the tests themselves run on Linux', (t) => {
  t.ok(existsSync('/proc/sys/kernel/panic'));
  t.equal(environmentHere(), 'linux');
  t.end();
});

void t.test('options that no rule replaces', (t) => {
  const gvisor = ['--snapshotter=native'];
  const server = [...gvisor, '--flannel-backend=none', '--disable-network-policy'];
  t.same(optionsFor(['k3s', 'server'], 'linux', 'ext4'), [], 'nothing is wrong');
  t.same(optionsFor(['k3s', 'server'], 'linux'), [], 'nothing is known');
  t.same(optionsFor(['k3s', 'server'], 'linux', 'overlay'), ['--snapshotter=native']);
  for (const type of ['9p', 'virtiofs', 'fuse', 'fuse.sshfs', 'nfs', 'nfs4']) {
    const expected = ['--data-dir=DIRECTORY', '--snapshotter=native'];
    t.same(optionsFor(['/bin/k3s', 'server'], 'linux', type), expected, type);
  }
  t.same(optionsFor(['k3s', 'agent'], 'linux', '9p'), ['--snapshotter=native'], 'no datastore');
  t.same(optionsFor(['k3s', 'server'], 'gvisor', 'tmpfs'), server);
  t.same(optionsFor(['k3s', '--debug', 'agent'], 'gvisor', 'tmpfs'), gvisor);
  t.same(optionsFor(['k3s', 'kubectl', 'get', 'nodes'], 'gvisor', '9p'), []);
  t.same(optionsFor(['kubelet'], 'gvisor', '9p'), []);
  t.same(optionsFor(['kubelet'], 'linux', '9p'), []);
  t.same(optionsFor(['server'], 'gvisor', '9p'), [], 'another program');
  t.end();
});

void t.test('options that are there are not advised again', (t) => {
  const left = (...words: string[]): string[] =>
    optionsFor(['k3s', 'server', ...words], 'gvisor', '9p');
  const all = left();
  for (const [words, gone] of [
    [['--snapshotter=stargz'], '--snapshotter=native'],
    [['--snapshotter', 'native'], '--snapshotter=native'],
    [['--flannel-backend=host-gw'], '--flannel-backend=none'],
    [['--flannel-backend', 'none'], '--flannel-backend=none'],
    [['--disable-network-policy'], '--disable-network-policy'],
  ] as const) {
    t.same(
      left(...words),
      all.filter((option) => option !== gone),
      words.join(' '),
    );
  }
  t.end();
});

void t.test('the database', (t) => {
  const has = (environment: 'linux' | 'gvisor', ...words: string[]): boolean =>
    optionsFor(['k3s', 'server', ...words], environment, '9p').includes('--data-dir=DIRECTORY');
  t.ok(has('linux'));
  t.notOk(has('linux', '--datastore-endpoint=http://127.0.0.1:2379'), 'there is another one');
  t.notOk(has('gvisor'), 'memory maps there are not those of 9p');
  t.end();
});

void t.test('the directory that is looked at is the one that is named', (t) => {
  const types: Record<string, string> = { '/var/lib/rancher/k3s': 'ext4', '/share': '9p' };
  const at = (path: string): string | undefined => types[path];
  for (const words of [['--data-dir=/share'], ['--data-dir', '/share']]) {
    const { options } = advise(['k3s', 'server', ...words], 'linux', at);
    const expected = ['--data-dir=DIRECTORY', '--snapshotter=native'];
    t.same(
      options.map(({ option }) => option),
      expected,
      words.join(' '),
    );
  }
  t.same(advise(['k3s', 'server'], 'linux', at).options, []);
  t.end();
});

void t.test('the line is the one that was given, and more', (t) => {
  const words = ['/opt/k3s', 'server', '--x', 'a b'];
  const { line, options } = advise(words, 'linux', () => 'overlay');
  t.same(line, [...words, '--snapshotter=native']);
  t.ok(options.every(({ why }) => why.length > 20), 'each with its reason'); // prettier-ignore
  t.same(usualLine(['k3s']), ['k3s', 'server']);
  t.same(usualLine(['k3s', 'agent']), ['k3s', 'agent']);
  t.same(usualLine(['ls']), ['ls']);
  t.end();
});
