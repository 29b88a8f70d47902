// Which policy a program gets by itself, and which options of its own it needs.
import { existsSync } from 'node:fs';
import t from 'tap';

import { builtPolicies, DEFAULT_POLICY, PACKAGE_DIRECTORY } from '../../src/policy/locations.js';
import { advise, usualLine, type Advice } from '../../src/programs/advice.js';
import {
  kubeletDirectories,
  readK3s,
  type K3sLine,
  type Surroundings,
} from '../../src/programs/k3s.js';
import { suggestedFor } from '../../src/programs/suggested.js';
import { choosePolicy, environmentHere, PROGRAM_DEFAULTS } from '../../src/programs/defaults.js';

type Environment = 'linux' | 'gvisor';

/** A machine of the test: root, no files, nothing in the environment but what is given. */
interface Machine {
  readonly filesystem?: string | undefined;
  readonly overlay?: boolean | null;
  /** Why it works, or does not. */
  readonly why?: string;
  readonly around?: Partial<Surroundings>;
}

const AROUND: Surroundings = {
  env: { HOME: '/home/me' },
  uid: 0,
  directory: '/some/where',
  configFile: '/nonexistent/config.yaml',
};

const adviceFor = async (
  words: readonly string[],
  environment: Environment,
  { filesystem, overlay = null, why = 'as the test says', around = {} }: Machine = {},
): Promise<Advice> =>
  advise(words, environment, 'thorough', {
    filesystem: () => filesystem,
    overlay: () => Promise.resolve({ works: overlay, why }),
    around: { ...AROUND, ...around },
  });

const optionsFor = async (...words: Parameters<typeof adviceFor>): Promise<string[]> =>
  (await adviceFor(...words)).options.map(({ option }) => option);

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

const CGROUPS = ['--kubelet-arg=kubelet-cgroups=/k3s', '--kubelet-arg=runtime-cgroups=/k3s'];
const NETWORK = ['--flannel-backend=none', '--disable-network-policy', '--disable-kube-proxy'];
const NATIVE = '--snapshotter=native';

void t.test('options that no rule replaces', async (t) => {
  const has = async (
    words: readonly string[],
    environment: Environment,
    filesystem: string | undefined,
    expected: readonly string[],
  ): Promise<void> => {
    const found = await optionsFor(words, environment, { filesystem });
    t.same(found, expected, `${words.join(' ')} on ${filesystem ?? 'what is not known'}`);
  };
  await has(['k3s', 'server'], 'linux', 'ext4', []);
  await has(['k3s', 'server'], 'linux', undefined, []);
  await has(['k3s', 'server'], 'linux', 'overlay', [NATIVE]);
  for (const type of ['9p', 'virtiofs', 'fuse', 'fuse.sshfs', 'nfs', 'nfs4']) {
    await has(['/bin/k3s', 'server'], 'linux', type, ['--data-dir=DIRECTORY', NATIVE]);
  }
  await has(['k3s', 'agent'], 'linux', '9p', [NATIVE]);
  await has(['k3s', 'server'], 'gvisor', 'tmpfs', [NATIVE, ...NETWORK, ...CGROUPS]);
  await has(['k3s', '--debug', 'agent'], 'gvisor', 'tmpfs', [NATIVE, ...CGROUPS]);
  await has(['k3s', 'server', '--disable-agent'], 'gvisor', '9p', NETWORK);
  await has(['k3s', 'kubectl', 'get', 'nodes'], 'gvisor', '9p', []);
  await has(['kubelet'], 'gvisor', '9p', []);
  await has(['kubelet'], 'linux', '9p', []);
  await has(['server'], 'gvisor', '9p', []);
});

void t.test('whether an overlay works is tried, not concluded', async (t) => {
  for (const environment of ['linux', 'gvisor'] as const) {
    for (const filesystem of ['9p', 'ext4', 'virtiofs']) {
      for (const works of [true, false]) {
        const { options } = await adviceFor(['k3s', 'agent'], environment, {
          filesystem,
          overlay: works,
        });
        const native = options.find(({ option }) => option === NATIVE);
        t.equal(native === undefined, works, `${environment}, ${filesystem}`);
        if (native !== undefined) t.match(native, { vital: true, why: /\(as the test says\)$/ });
      }
    }
  }
  for (const why of [
    'cannot learn the types of files from their directory',
    'cannot map a file there that can be written to',
    'cannot make a socket there',
  ]) {
    const machine = { overlay: false, why };
    const [option] = (await adviceFor(['k3s', 'agent'], 'linux', machine)).options;
    t.match(option, { option: NATIVE, why: /does not work there: see docs\/k3s\.md$/ });
  }
});

void t.test('options that are there are not advised again', async (t) => {
  const all = await optionsFor(['k3s', 'server'], 'gvisor', { filesystem: '9p' });
  for (const [given, gone] of [
    [['--snapshotter=stargz'], NATIVE],
    [['--snapshotter', 'native'], NATIVE],
    [['-snapshotter', 'native'], NATIVE],
    [['--docker'], NATIVE],
    [['--flannel-backend=host-gw'], '--flannel-backend=none'],
    [['--flannel-backend', 'none'], '--flannel-backend=none'],
    [['--disable-network-policy'], '--disable-network-policy'],
    [['--disable-kube-proxy=true'], '--disable-kube-proxy'],
    [['--kubelet-arg', 'kubelet-cgroups=/x'], CGROUPS[0]],
    [['--kubelet-arg=--runtime-cgroups=/x'], CGROUPS[1]],
  ] as const) {
    t.same(
      await optionsFor(['k3s', 'server', ...given], 'gvisor', { filesystem: '9p' }),
      all.filter((option) => option !== gone),
      given.join(' '),
    );
  }
  t.same(await optionsFor(['k3s', 'agent'], 'gvisor'), [NATIVE, ...CGROUPS]);
});

void t.test('the whole line holds each option once, and can be run', async (t) => {
  const line = async (...words: string[]): Promise<readonly string[]> =>
    (await adviceFor(['k3s', ...words], 'gvisor', { filesystem: '9p' })).line;
  const all = [NATIVE, ...NETWORK, ...CGROUPS];
  t.same(await line('server'), ['k3s', 'server', ...all]);
  t.same(await line('server', '--x', 'a b'), ['k3s', 'server', '--x', 'a b', ...all]);
  t.same(
    await line('server', '--snapshotter', 'overlayfs', '--disable-kube-proxy=false', '--y'),
    ['k3s', 'server', '--y', ...all],
    'what says the contrary goes',
  );
  t.same(
    await line('server', '--flannel-backend=vxlan', '--flannel-backend', 'vxlan', '-d', '/x'),
    ['k3s', 'server', '-d', '/x', ...all],
  );
  t.same(await line('server', '--', '--y'), ['k3s', 'server', ...all, '--', '--y']);
  const { line: onLinux, options } = await adviceFor(
    ['k3s', 'server', '--data-dir', '/x', '--snapshotter=native'],
    'linux',
    { filesystem: '9p' },
  );
  t.same(onLinux, ['k3s', 'server', '--data-dir', '/x', '--snapshotter=native']);
  t.match(options, [{ option: '--data-dir=DIRECTORY', yours: true, vital: false }]);
  t.ok(options.every(({ why }) => why.length > 20), 'each with its reason'); // prettier-ignore
  // Seen with a real one: the others are only logged.
  const ending = (await adviceFor(['k3s', 'server'], 'gvisor')).options.filter((one) => one.vital);
  t.same(
    ending.map(({ option }) => option),
    [NATIVE, '--flannel-backend=none', '--disable-kube-proxy'],
  );
  t.same(usualLine(['k3s']), ['k3s', 'server']);
  t.same(usualLine(['k3s', 'agent']), ['k3s', 'agent']);
  t.same(usualLine(['ls']), ['ls']);
});

void t.test('the database', async (t) => {
  const has = async (
    environment: Environment,
    words: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<boolean> =>
    (
      await optionsFor(['k3s', 'server', ...words], environment, {
        filesystem: '9p',
        around: { env },
      })
    ).includes('--data-dir=DIRECTORY');
  t.ok(await has('linux'));
  t.notOk(await has('linux', ['--datastore-endpoint=http://127.0.0.1:2379']), 'another one');
  t.notOk(await has('linux', [], { K3S_DATASTORE_ENDPOINT: 'http://127.0.0.1:2379' }));
  t.notOk(await has('gvisor'), 'memory maps there are not those of 9p');
});

async function directories(
  words: readonly string[],
  around: Partial<Surroundings> = {},
): Promise<K3sLine['directories'] | undefined> {
  return (await readK3s(['k3s', ...words], { ...AROUND, ...around }))?.directories;
}

void t.test('where the data lies', async (t) => {
  const usual = '/var/lib/rancher/k3s';
  const env = { HOME: '/home/me', K3S_DATA_DIR: '/env' };
  for (const [words, data, around = {}] of [
    [['server'], usual],
    [['server', '-d', '/x'], '/x'],
    [['server', '-d=/x'], '/x'],
    [['server', '-d/x'], '/x'],
    [['server', '-data-dir', '/x'], '/x'],
    [['server', '--d', '/x'], '/x'],
    [['agent', '--data-dir', '/x'], '/x'],
    [['agent', '--data-dir=/x/../y/'], '/y'],
    [['server', '--data-dir=/x', '--data-dir', '/y'], '/y'],
    [['server', '--debug', '--data-dir', '/x'], '/x'],
    [['server', '--token', 'abc', '--data-dir', '/x'], '/x'],
    [['server', '--disable', 'traefik', '-d', '/x'], '/x'],
    [['server', '--data-dir', 'x'], '/some/where/x'],
    [['server', '--data-dir', '~/x'], '/home/me/x'],
    [['server', '--data-dir', '${HOME}/x'], '/home/me/x'],
    [['server', '--data-dir='], usual],
    [['server', '--', '--data-dir', '/x'], usual],
    [['server', 'word', '--data-dir', '/x'], usual],
    [['--data-dir', '/x', 'server'], usual],
    [['server', '-default-local-storage-path=/x'], usual],
    [['server'], '/home/me/.rancher/k3s', { uid: 1000 }],
    [['server', '--rootless'], '/home/me/.rancher/k3s'],
    [['server'], '/env', { env }],
    [['server', '-d', '/x'], '/x', { env }],
    [['server', '--data-dir='], usual, { env }],
    [['server'], usual, { env: { K3S_DATA_DIR: '' } }],
    [['server', '-d', 'x'], undefined, { directory: undefined }],
  ] as const) {
    t.equal((await directories(words, around))?.data_dir, data, words.join(' '));
  }
  t.equal(await directories(['kubectl', '-d', '/x']), undefined);
  for (const [words, kubelet] of [
    [['server'], '/var/lib/kubelet'],
    [['agent', '--kubelet-arg=root-dir=/k'], '/k'],
    [['agent', '--kubelet-arg', '--root-dir=/k', '--kubelet-arg=v=2'], '/k'],
    [['server', '--rootless', '-d', '/x'], '/x/agent/kubelet'],
  ] as const) {
    t.equal((await directories(words))?.kubelet_dir, kubelet, words.join(' '));
  }
  t.same(kubeletDirectories(['kubelet', '--root-dir', '/k']), { kubelet_dir: '/k' });
  t.same(kubeletDirectories(['kubelet', '--v=2']), { kubelet_dir: '/var/lib/kubelet' });
});

void t.test('files of k3s', async (t) => {
  const root = t.testdir({
    'config.yaml':
      'data-dir: /file\nsnapshotter: overlayfs\nkubelet-arg: [a=1]\ndisable-kube-proxy: true\n',
    'config.yaml.d': {
      '10-more.yaml': 'kubelet-arg+: [root-dir=/k]\nsnapshotter: native\n',
      '20-last.YML': 'kubelet-arg+: c=3\nflannel-backend: "none"\n',
      '30-no.txt': 'data-dir: /text\n',
      'a.yaml': { 'x.yaml': 'data-dir: /directory\n' },
    },
    'short.yaml': 'd: /short\nc: nothing\n',
    'other.yaml.d': { 'one.yaml': 'data-dir: /one\n', 'two.yaml': 'data-dir: /two\n' },
    'broken.yaml': 'data-dir: [\n',
    'list.yaml': '- data-dir\n',
    'twice.yaml': 'data-dir: /a\ndata-dir: /b\n',
    'none.yaml': 'data-dir:\n',
    'add.yaml': 'data-dir+: /added\n',
  });
  const file = (name: string) => ({ configFile: `${root}/${name}.yaml` });
  const line = await readK3s(['k3s', 'server'], { ...AROUND, ...file('config') });
  t.same(
    line?.options.map(({ name, value = '' }) => `${name}=${value}`),
    [
      'data-dir=/file',
      'snapshotter=native',
      'kubelet-arg=a=1',
      'kubelet-arg=root-dir=/k',
      'kubelet-arg=c=3',
      'disable-kube-proxy=true',
      'flannel-backend=none',
    ],
  );
  t.same(line?.directories, { data_dir: '/file', kubelet_dir: '/k' });
  t.same(line?.notes, []);
  for (const [words, data, around = {}] of [
    [['server', '-d', '/x'], '/x', file('config')],
    [['server'], '/file', { ...file('config'), env: { K3S_DATA_DIR: '/env' } }],
    [['server', '-c', `${root}/short.yaml`], '/short', file('config')],
    [['server', `--config=${root}/short.yaml`], '/short'],
    [['server', '-c=short.yaml'], '/short', { directory: root }],
    [['server', '-c', '/no'], '/short', { env: { K3S_CONFIG_FILE: `${root}/short.yaml` } }],
    [['server'], '/two', file('other')],
    [['server'], '/b', file('twice')],
    [['server'], '/added', file('add')],
    [['server'], '/var/lib/rancher/k3s', file('none')],
    [['server'], '/var/lib/rancher/k3s', file('broken')],
    [['server'], '/var/lib/rancher/k3s', file('list')],
    [['server', '--config='], '/var/lib/rancher/k3s', file('config')],
  ] as const) {
    t.equal((await directories(words, around))?.data_dir, data, words.join(' '));
  }
  for (const [name, note] of [
    ['broken', /broken\.yaml: .*, so it was not looked into/],
    ['list', /list\.yaml: it is no map, so it was not looked into/],
  ] as const) {
    const { notes = [] } = (await readK3s(['k3s', 'server'], { ...AROUND, ...file(name) })) ?? {};
    t.match(notes, [note]);
  }
  const remote = { ...AROUND, env: { K3S_CONFIG_FILE: 'https://example.org/x' } };
  t.match((await readK3s(['k3s', 'agent'], remote))?.notes, [/is not asked for its options/]);
  const { options, line: advised } = await adviceFor(['k3s', 'server'], 'gvisor', {
    filesystem: '9p',
    around: file('config'),
  });
  t.same(
    options.map(({ option }) => option),
    ['--disable-network-policy', ...CGROUPS],
    'what a file says need not be said again',
  );
  t.equal(advised.length, 5);
});

void t.test('values for parameters', async (t) => {
  const root = t.testdir({ real: {}, link: t.fixture('symlink', 'real') });
  const suggested = (words: readonly string[]) => suggestedFor(words, AROUND);
  t.same(await suggested(['k3s', 'server', '-d', `${root}/link/k3s`]), {
    data_dir: `${root}/real/k3s`,
  });
  t.same(await suggested(['/x/kubelet', `--root-dir=${root}/link`]), {
    kubelet_dir: `${root}/real`,
  });
  t.same(await suggested(['k3s', 'server', '-d', '/']), {}, 'what is no directory of its own');
  t.same(await suggested(['k3s', 'ctr', '-d', '/x']), {});
  t.same(await suggested(['ls', 'server', '-d', '/x']), {});
});
