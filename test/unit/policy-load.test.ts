import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import t from 'tap';

import type { PolicyLocations, ShippedPolicies } from '../../src/policy/locations.js';
import { builtPolicies, defaultLocations } from '../../src/policy/locations.js';
import { PolicyLoader } from '../../src/policy/load.js';
import { EMPTY_POLICY, type NamedPolicy } from '../../src/policy/normalised.js';
import { formatProblem, PolicyError } from '../../src/policy/problem.js';

const SHIPPED: NamedPolicy = {
  name: '9p-as-ext4',
  description: 'the default',
  policy: {
    ...EMPTY_POLICY,
    statfs: [
      {
        id: '9p-as-ext4/statfs/1',
        origin: 'policies/9p-as-ext4.yaml:24',
        when: { types: [0x01021997], paths: [] },
        except: { types: [], paths: [] },
        answer: { type: 0xef53n },
      },
    ],
  },
};

const shipped: ShippedPolicies = {
  names: () => [SHIPPED.name],
  read: (name) => (name === SHIPPED.name ? SHIPPED : undefined),
  blob: () => undefined,
  stamp: () => '',
};

function locations(...directories: string[]): PolicyLocations {
  return { shipped, directories };
}

function file(name: string, ...rest: string[]): string {
  return ['apiVersion: seccomp-spoof/v1', `name: ${name}`, ...rest, ''].join('\n');
}

function rules(...pairs: [type: string, told: string][]): string[] {
  return [
    'statfs:',
    ...pairs.map(([type, told]) => `  - { when: { type: ${type} }, answer: { type: ${told} } }`),
  ];
}

/** What each rule says, shortly: `id: types -> told`. */
function summary({ policy }: NamedPolicy): string[] {
  return policy.statfs.map(
    ({ id, when, answer }) =>
      `${id}: ${when.types.map((type) => type.toString(16)).join(' ')} -> ${(answer.type ?? 0n).toString(16)}`,
  );
}

function failure(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof PolicyError) return error.problems.map(formatProblem);
    throw error;
  }
  return [];
}

void t.test('names are looked up shipped first, then in each directory', (t) => {
  const root = t.testdir({
    etc: {
      '9p-as-ext4.yaml': file('9p-as-ext4', ...rules(['9p', 'xfs'])),
      'both.yaml': file('both', ...rules(['fuse', 'ext4'])),
    },
    home: {
      'both.yaml': file('both', ...rules(['fuse', 'xfs'])),
      'mine.yaml': file('mine', ...rules(['fuse', 'btrfs'])),
    },
  });
  const loader = new PolicyLoader(locations(join(root, 'etc'), join(root, 'home')));
  t.same(summary(loader.load('9p-as-ext4', root)), ['9p-as-ext4/statfs/1: 1021997 -> ef53']);
  t.same(summary(loader.load('both', root)), ['both/statfs/1: 65735546 -> ef53']);
  t.same(summary(loader.load('mine', root)), ['mine/statfs/1: 65735546 -> 9123683e']);
  t.equal(
    loader.load('mine', root).policy.statfs[0]?.origin,
    `${join(root, 'home/mine.yaml')}:4`,
    'a rule says where it is written',
  );
  t.end();
});

void t.test('a name that is not known', (t) => {
  const root = t.testdir({
    etc: { 'mine.yaml': file('mine'), 'other.yaml': file('another') },
    'local.yaml': file('local'),
    plain: 'x',
  });
  const loader = new PolicyLoader(locations(join(root, 'etc'), join(root, 'nowhere')));
  const load = (reference: string) => failure(() => loader.load(reference, root));
  t.same(load('mien'), ['there is no policy called "mien"; did you mean mine?']);
  t.same(load('quite-another'), [
    'there is no policy called "quite-another"; known are 9p-as-ext4, mine, other; a path has a slash: ./FILE.yaml',
  ]);
  t.same(load('local.yaml'), [
    'there is no policy called "local.yaml"; a path has a slash: write ./local.yaml',
  ]);
  t.same(load('plain'), ['there is no policy called "plain"; a path has a slash: write ./plain']);
  t.match(load('..'), [/^there is no policy called ".."/]);
  t.match(load(''), [/^there is no policy called ""; known are/]);
  t.same(load('other'), [
    `${join(root, 'etc/other.yaml')}:2:7: the policy is looked up as other but calls itself another; write name: other`,
  ]);
  t.end();
});

void t.test('files that cannot be read', (t) => {
  const root = t.testdir({
    'large.yaml': '#'.repeat((1 << 20) + 1),
    'latin.yaml': Buffer.from([0x23, 0xe4, 0x0a]),
    'mine.yaml': file('mine', 'extends: [./gone.yaml, ./, ./large.yaml]'),
    loop: t.fixture('symlink', 'loop'),
  });
  const loader = new PolicyLoader(locations());
  const load = (reference: string) => failure(() => loader.load(reference, root));
  const advice = 'name a YAML file that can be read';
  t.same(load('./gone.yaml'), [`the policy file "gone.yaml" does not exist; ${advice}`]);
  t.same(load('./mine.yaml/x'), [`the policy file "mine.yaml/x" does not exist; ${advice}`]);
  t.same(load('./loop'), [`the policy file "loop" is a loop of symbolic links; ${advice}`]);
  t.same(load('./latin.yaml'), [`the policy file "latin.yaml" is not UTF-8 text; ${advice}`]);
  t.same(load('./endless/file'), [`the policy file "endless/file" does not exist; ${advice}`]);
  for (const device of ['/dev/zero', '/dev/null', '/dev/ptmx'])
    t.same(load(device), [`the policy file "${device}" is a device, or a terminal; ${advice}`]);
  const socket = join(root, 'socket');
  const server = createServer().listen(socket);
  t.same(load(socket), [`the policy file "${socket}" is a socket; ${advice}`]);
  server.close();
  t.same(
    load('./mine.yaml'),
    [
      `mine.yaml:3:11: the policy file "gone.yaml" does not exist; ${advice}`,
      `mine.yaml:3:24: the policy file "./" is a directory; ${advice}`,
      `mine.yaml:3:28: the policy file "large.yaml" is larger than 1 MiB; ${advice}`,
    ],
    'a fault in extends has the place of the entry, and all are said',
  );
  t.end();
});

void t.test('a policy may come through a pipe', (t) => {
  const root = t.testdir({});
  const pipe = join(root, 'pipe');
  execFileSync('mkfifo', [pipe]);
  execFileSync(
    'sh',
    ['-c', 'printf "%s" "$0" > "$1" &', file('piped', ...rules(['9p', 'xfs'])), pipe],
    {
      stdio: 'ignore',
    },
  );
  const loader = new PolicyLoader(locations());
  t.same(summary(loader.load(pipe, '.')), ['piped/statfs/1: 1021997 -> 58465342']);
  t.end();
});

void t.test('a pipe that nobody writes to, or without an end, is refused', (t) => {
  const root = t.testdir({ 'extends.yaml': file('extends', 'extends: [./pipe]') });
  const pipe = join(root, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const loader = new PolicyLoader(locations());
  const nobody = 'the policy file "pipe" is a pipe that nobody writes to; ';
  t.match(
    failure(() => loader.load('./pipe', root)),
    [nobody],
  );
  t.match(
    failure(() => loader.load('./extends.yaml', root)),
    [`extends.yaml:3:11: ${nobody}`],
  );
  // It ends itself when nobody reads any more.
  execFileSync('sh', ['-c', 'yes >"$0" &', pipe], { stdio: 'ignore' });
  t.match(
    failure(() => loader.load(pipe, '.')),
    [/ is larger than 1 MiB; /],
  );
  t.end();
});

void t.test('content is no pipe and no device', (t) => {
  const root = t.testdir({});
  execFileSync('mkfifo', [join(root, 'pipe')]);
  for (const [name, said] of [
    ['./pipe', 'is not a regular file'],
    ['/dev/zero', 'is a device, or a terminal'],
    ['./', 'is a directory'],
  ] as const) {
    const rule = ['files:', '  - path: /x', `    contentFile: ${name}`];
    writeFileSync(join(root, 'content.yaml'), file('content', ...rule));
    t.match(
      failure(() => new PolicyLoader(locations()).load('./content.yaml', root)),
      [`content.yaml:5:18: the file "${name}" ${said}; `],
    );
  }
  t.end();
});

void t.test('extends: a child beats its parents, later parents earlier ones', (t) => {
  const root = t.testdir({
    'child.yaml': file(
      'child',
      'extends: [9p-as-ext4, ./sub/a.yaml, ./sub/b.yaml]',
      ...rules(['overlay', 'xfs']),
    ),
    sub: {
      'a.yaml': file('a', ...rules(['fuse', 'ext4'], ['nfs', 'ext4'], ['overlay', 'ext4'])),
      'b.yaml': file('b', 'extends: [../base.yaml]', ...rules(['fuse', 'xfs'])),
    },
    'base.yaml': file('base', ...rules(['9p', 'btrfs'])),
  });
  const loader = new PolicyLoader(locations());
  const child = loader.load('./child.yaml', root);
  t.same(summary(child), [
    'child/statfs/1: 794c7630 -> 58465342',
    'b/statfs/1: 65735546 -> 58465342',
    'base/statfs/1: 1021997 -> 9123683e',
    'a/statfs/2: 6969 -> ef53',
  ]);
  t.same(
    child.policy.statfs.map((rule) => rule.origin),
    ['child.yaml:5', 'sub/b.yaml:5', 'base.yaml:4', 'sub/a.yaml:5'],
    'paths are relative to the file that says them',
  );
  t.end();
});

void t.test('remove drops an inherited rule by id', (t) => {
  const id = '9p-as-ext4/statfs/1';
  const root = t.testdir({
    'good.yaml': file(
      'good',
      'extends: [9p-as-ext4]',
      `remove: [${id}]`,
      ...rules(['fuse', 'xfs']),
    ),
    'bad.yaml': file(
      'bad',
      'extends: [9p-as-ext4]',
      'remove:',
      '  - 9p-as-ext4/statfs/2',
      '  - statfs/1',
      '  - quite/another',
      '  - bad/statfs/1',
      ...rules(['fuse', 'xfs']),
    ),
    'alone.yaml': file('alone', `remove: [${id}]`),
    'twice.yaml': file('twice', 'extends: [9p-as-ext4]', `remove: [${id}, ${id}]`),
  });
  const loader = new PolicyLoader(locations());
  t.same(summary(loader.load('./good.yaml', root)), ['good/statfs/1: 65735546 -> 58465342']);
  t.same(
    failure(() => loader.load('./bad.yaml', root)),
    [
      `bad.yaml:5:5: no inherited rule is called "9p-as-ext4/statfs/2"; did you mean ${id}?`,
      `bad.yaml:6:5: no inherited rule is called "statfs/1"; did you mean ${id}?`,
      `bad.yaml:7:5: no inherited rule is called "quite/another"; known are ${id}`,
      `bad.yaml:8:5: no inherited rule is called "bad/statfs/1"; known are ${id}`,
    ],
    'rules of the file itself are not inherited',
  );
  t.same(
    failure(() => loader.load('./alone.yaml', root)),
    [
      `alone.yaml:3:10: no inherited rule is called "${id}"; nothing is inherited: remove this line`,
    ],
  );
  t.match(
    failure(() => loader.load('./twice.yaml', root)),
    [/^twice.yaml:4:31: no inherited/],
  );
  t.end();
});

void t.test('a circle names its chain', (t) => {
  const root = t.testdir({
    'start.yaml': file('start', 'extends: [./a.yaml]'),
    'a.yaml': file('a', 'extends: [./sub/b.yaml]'),
    sub: { 'b.yaml': file('b', 'extends:', '  - ../link.yaml') },
    'link.yaml': t.fixture('symlink', 'a.yaml'),
    'self.yaml': file('self', 'extends: [./self.yaml]'),
  });
  const loader = new PolicyLoader(locations());
  const advice = 'remove one of these from its extends';
  t.same(
    failure(() => loader.load('./start.yaml', root)),
    [
      `sub/b.yaml:4:5: policies extend each other in a circle: a.yaml -> sub/b.yaml -> link.yaml; ${advice}`,
    ],
  );
  t.same(
    failure(() => loader.load('./self.yaml', root)),
    [`self.yaml:3:11: policies extend each other in a circle: self.yaml -> self.yaml; ${advice}`],
  );
  t.end();
});

void t.test('one parent twice is one policy, two of one name are not', (t) => {
  const root = t.testdir({
    'base.yaml': file('base', ...rules(['9p', 'xfs'])),
    'base-link.yaml': t.fixture('symlink', 'base.yaml'),
    'a.yaml': file('a', 'extends: [./base.yaml]'),
    'b.yaml': file('b', 'extends: [./base-link.yaml]', ...rules(['fuse', 'xfs'])),
    'both.yaml': file('both', 'extends: [./a.yaml, ./b.yaml]'),
    'copy.yaml': file('base', 'description: other', ...rules(['nfs', 'xfs'])),
    'clash.yaml': file('clash', 'extends: [./base.yaml, ./copy.yaml]'),
  });
  const loader = new PolicyLoader(locations());
  t.same(summary(loader.load('./both.yaml', root)), [
    'b/statfs/1: 65735546 -> 58465342',
    'base/statfs/1: 1021997 -> 58465342',
  ]);
  t.same(
    failure(() => loader.load('./clash.yaml', root)),
    [
      'two rules are called base/statfs/1: base.yaml:4 and copy.yaml:5; give one of the policies another name',
    ],
  );
  t.end();
});

void t.test('faults in several parents are all said', (t) => {
  const root = t.testdir({
    'a.yaml': file('a', ...rules(['exf4', 'xfs'])),
    'b.yaml': 'x',
    'child.yaml': file('child', 'extends: [./a.yaml, ./b.yaml, 9p-as-ext5]'),
  });
  t.same(
    failure(() => new PolicyLoader(locations()).load('./child.yaml', root)),
    [
      'a.yaml:4:21: "exf4" is not a known filesystem; did you mean ext4?',
      'b.yaml:1:1: expected a policy, found "x"; write apiVersion: seccomp-spoof/v1',
      'child.yaml:3:31: there is no policy called "9p-as-ext5"; did you mean 9p-as-ext4?',
    ],
  );
  t.end();
});

void t.test('the directories of a user', (t) => {
  const directories = (environment: NodeJS.ProcessEnv) => defaultLocations(environment).directories;
  const etc = '/etc/seccomp-spoof/policies';
  t.same(directories({ HOME: '/h' }), [etc, '/h/.config/seccomp-spoof/policies']);
  t.same(directories({ HOME: '/h', XDG_CONFIG_HOME: '/x' }), [etc, '/x/seccomp-spoof/policies']);
  t.same(
    directories({ HOME: '/h', XDG_CONFIG_HOME: 'relative' }),
    [etc, '/h/.config/seccomp-spoof/policies'],
    'its specification has a relative one ignored',
  );
  t.same(directories({ HOME: 'relative' }), [etc]);
  t.end();
});

void t.test('the stamp of shipped policies is another one when one of them is made again', (t) => {
  const directory = t.testdir({ 'a.json': 'one', 'b.json': 'two' });
  const shipped = builtPolicies(directory);
  const before = shipped.stamp();
  t.equal(shipped.stamp(), before);
  writeFileSync(join(directory, 'b.json'), 'longer');
  t.not(shipped.stamp(), before);
  t.end();
});
