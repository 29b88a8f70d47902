import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { MountTable, rewriteTable } from '../../src/native/mounts.js';
import {
  checkBlob,
  matchStatfs,
  ruleName,
  StatfsField,
  SysinfoField,
  UnameField,
} from '../../src/native/policy.js';
import { addRules, compilePolicy } from '../../src/policy/compile.js';
import { KERNEL_TYPES } from '../../src/policy/filesystems.js';
import { mergePolicies, PolicyError, resolvePolicy } from '../../src/policy/index.js';
import { PolicyLoader } from '../../src/policy/load.js';
import type { PolicyLocations } from '../../src/policy/locations.js';
import { builtPolicies } from '../../src/policy/locations.js';
import { toJson } from '../../src/policy/normalised.js';
import { policyJsonSchema } from '../../src/policy/schema.js';
import { KERNEL_COLUMNS, POLLING_PROGRAMS } from '../../src/policy/tables.js';
import { recorder } from './recorder.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const [P9, FUSE, TMPFS, EXT4, XFS] = [0x01021997n, 0x65735546n, 0x01021994n, 0xef53n, 0x58465342n];

/** What the build makes of the shipped policies, in a directory of this test. */
function builtFrom(files: Record<string, string>): Record<string, string | Buffer> {
  const none = { names: () => [], read: () => undefined, blob: () => undefined, stamp: () => '' };
  const built: Record<string, string | Buffer> = {};
  const loader = new PolicyLoader({ shipped: none, directories: [join(ROOT, 'policies')] });
  for (const name of Object.keys(files)) {
    const policy = loader.load(name, ROOT);
    built[`${name}.json`] = toJson(policy);
    built[`${name}.blob`] = Buffer.from(compilePolicy(policy.policy, name));
  }
  return built;
}

function locationsIn(directory: string): PolicyLocations {
  return { shipped: builtPolicies(join(directory, 'shipped')), directories: [] };
}

const shippedFiles = Object.fromEntries(
  readdirSync(join(ROOT, 'policies'))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [name.slice(0, -'.yaml'.length), '']),
);
const shipped = builtFrom(shippedFiles);

const MINE = `apiVersion: seccomp-spoof/v1
name: mine
extends: [9p-as-ext4]
statfs:
  - when: { path: '/data/{a,b}/**' }
    except: { path: /data/a/secret }
    answer: { type: xfs, blocks: 9223372036854775807, flags: [nosuid] }
  - id: fuse
    when: { type: fuse }
    except: { path: /mnt/** }
    answer: { namelen: 100 }
  - when: { type: tmpfs, path: '/data/\\[x\\]' }
    answer: { type: ext4 }
`;

function answerTo(
  blob: Uint8Array,
  type: bigint,
  path: string,
): [string, [number, bigint][]] | undefined {
  const match = matchStatfs(blob, type, path);
  return match && [match.name, [...match.answer]];
}

void t.test('rules reach the builder in the order of importance', (t) => {
  const { sink, calls } = recorder();
  addRules(
    {
      statfs: [
        {
          id: 'a',
          origin: '',
          when: { types: [1, 2], paths: ['/a'] },
          except: { types: [3], paths: ['/b'] },
          answer: { flags: 0x20n, type: 5n },
        },
        {
          id: 'b',
          origin: '',
          when: { types: [0xffffffff], paths: [] },
          except: { types: [], paths: [] },
          answer: { namelen: 2n ** 63n - 1n },
        },
      ],
      mounts: [
        {
          id: 'c',
          origin: '',
          when: { fstypes: ['9p', 'fuse.*'], paths: ['/m'] },
          except: { fstypes: ['fuse.x'], paths: ['/m/n'], programs: ['p'] },
          answer: { fstype: 'ext3', source: '/dev/vda', shared: 7 },
        },
        {
          id: 'd',
          origin: '',
          when: { fstypes: [], paths: ['/'] },
          except: { fstypes: [], paths: [], programs: [] },
          answer: { fstype: 'none-that-is-known' },
        },
      ],
      files: [],
      uname: [
        { id: 'e', origin: '', answer: { version: 'v' } },
        { id: 'f', origin: '', answer: { release: 'r' } },
      ],
      sysinfo: [
        { id: 'g', origin: '', answer: { freeram: 0 } },
        { id: 'h', origin: '', answer: { totalswap: 2 ** 53 - 1, totalram: 5 } },
      ],
    },
    sink,
    (origin) => {
      t.fail(origin);
    },
  );
  t.same(calls, [
    ['statfs', 'a'],
    ['whenType', 1n],
    ['whenType', 2n],
    ['whenPath', '/a'],
    ['exceptType', 3n],
    ['exceptPath', '/b'],
    ['answer', StatfsField.type, 5n],
    ['answer', StatfsField.flags, 0x20n],
    ['statfs', 'b'],
    ['whenType', 0xffffffffn],
    ['answer', StatfsField.namelen, 2n ** 63n - 1n],
    ['mounts', 'c'],
    ['whenFstype', '9p'],
    ['whenFstype', 'fuse.*'],
    ['whenPath', '/m'],
    ['exceptFstype', 'fuse.x'],
    ['exceptPath', '/m/n'],
    ['exceptProgram', 'p'],
    ['answerFstype', 'ext3', 0xef53n, false],
    ['answerSource', '/dev/vda'],
    ['answerShared', 7],
    ['mounts', 'd'],
    ['whenPath', '/'],
    ['answerFstype', 'none-that-is-known', 0n, true],
    ['uname', 'e, f'],
    ['answerUname', UnameField.version, 'v'],
    ['answerUname', UnameField.release, 'r'],
    ['sysinfo', 'g, h'],
    ['answerSysinfo', SysinfoField.freeram, 0n],
    ['answerSysinfo', SysinfoField.totalram, 5n],
    ['answerSysinfo', SysinfoField.totalswap, 2n ** 53n - 1n],
  ]);
  t.end();
});

void t.test('the matcher does what the file says', async (t) => {
  const root = t.testdir({ shipped, 'mine.yaml': MINE });
  const { names, blob, policy } = await resolvePolicy({
    policies: ['./mine.yaml'],
    fstypes: [],
    baseDirectory: root,
    locations: locationsIn(root),
  });
  t.equal(checkBlob(blob), undefined);
  t.same(names, ['mine']);
  t.equal(policy.statfs.length, 4);

  const wide: [string, [number, bigint][]] = [
    'mine/statfs/1',
    [
      [StatfsField.type, XFS],
      [StatfsField.blocks, 2n ** 63n - 1n],
      [StatfsField.flags, 0x22n],
    ],
  ];
  t.same(answerTo(blob, EXT4, '/data/a/x'), wide);
  t.same(answerTo(blob, P9, '/data/b'), wide, 'the path beats the type');
  t.equal(answerTo(blob, EXT4, '/data/a/secret'), undefined);
  t.equal(answerTo(blob, EXT4, '/data/c/x'), undefined);
  t.same(answerTo(blob, P9, '/data/a/secret'), ['9p-as-ext4/statfs/1', [[StatfsField.type, EXT4]]]);
  t.same(answerTo(blob, FUSE, '/'), ['mine/fuse', [[StatfsField.namelen, 100n]]]);
  t.equal(answerTo(blob, FUSE, '/mnt/x'), undefined);
  t.same(answerTo(blob, TMPFS, '/data/[x]'), ['mine/statfs/3', [[StatfsField.type, EXT4]]]);
});

void t.test('a rule without a type leaves memory and the kernel alone', async (t) => {
  const root = t.testdir({ shipped, 'mine.yaml': MINE });
  const { blob } = await resolvePolicy({
    policies: ['./mine.yaml'],
    fstypes: [],
    baseDirectory: root,
    locations: locationsIn(root),
  });
  for (const type of KERNEL_TYPES) {
    t.equal(answerTo(blob, BigInt(type), '/data/a/x'), undefined, type.toString(16));
  }
});

void t.test('the default, --fstype, and both', async (t) => {
  const root = t.testdir({ shipped });
  const locations = locationsIn(root);
  const standard = await resolvePolicy({ policies: [], fstypes: [], locations });
  t.same(standard.names, ['9p-as-ext4']);
  t.same(answerTo(standard.blob, P9, '/'), ['9p-as-ext4/statfs/1', [[StatfsField.type, EXT4]]]);
  t.equal(answerTo(standard.blob, FUSE, '/'), undefined);
  t.equal(standard.policy.statfs[0]?.id, '9p-as-ext4/statfs/1');
  t.same(
    Buffer.from(standard.blob),
    shipped['9p-as-ext4.blob'],
    'the blob is the one made at build',
  );

  const alone = await resolvePolicy({ policies: [], fstypes: ['fuse=xfs'], locations });
  t.same(alone.names, ['--fstype fuse=xfs']);
  t.equal(answerTo(alone.blob, P9, '/'), undefined, 'the default policy does not hold');
  t.same(answerTo(alone.blob, FUSE, '/'), ['--fstype fuse=xfs', [[StatfsField.type, XFS]]]);

  const both = await resolvePolicy({
    policies: ['9p-as-ext4'],
    fstypes: ['9p=xfs'],
    locations,
  });
  t.same(both.names, ['9p-as-ext4', '--fstype 9p=xfs']);
  t.same(answerTo(both.blob, P9, '/'), ['--fstype 9p=xfs', [[StatfsField.type, XFS]]]);
});

/** What a program reads in its mountinfo where the kernel says `type`: type, and fields before. */
function toldType(blob: Uint8Array, type: string, program: string | null = null): string {
  const line = `21 1 0:20 / / rw - ${type} none rw\n`;
  const told = rewriteTable(blob, MountTable.mountinfo, Buffer.from(line), program).toString();
  return told.split(' / / rw ')[1]?.replace(/^- | none rw\n$/g, '') ?? '';
}

void t.test('mount tables say the same as statfs', async (t) => {
  const root = t.testdir({ shipped });
  const locations = locationsIn(root);
  const { blob, policy } = await resolvePolicy({ policies: [], fstypes: [], locations });
  t.equal(toldType(blob, '9p'), 'ext4');
  t.equal(toldType(blob, 'virtiofs'), 'virtiofs');
  t.same(
    policy.mounts[0]?.except.programs,
    POLLING_PROGRAMS,
    '--fstype and the default policy spare the same programs',
  );
  for (const program of POLLING_PROGRAMS) t.equal(toldType(blob, '9p', program), '9p', program);

  const told = await resolvePolicy({ policies: [], fstypes: ['fuse=ext3'], locations });
  for (const type of ['fuse', 'fuse.sshfs', 'fuseblk', 'virtiofs']) {
    t.equal(toldType(told.blob, type), 'ext3', type);
    t.equal(toldType(told.blob, type, 'systemd'), type, `${type}, for systemd`);
  }
  t.equal(toldType(told.blob, '9p'), '9p');
});

void t.test('a rule of mounts without a type leaves memory and the kernel alone', async (t) => {
  const root = t.testdir({
    'mine.yaml': `apiVersion: seccomp-spoof/v1
name: mine
mounts:
  - when: { path: /** }
    answer: { fstype: xfs, shared: 9 }
uname: { release: "5.15.0" }
`,
  });
  const { blob } = await resolvePolicy({
    policies: ['./mine.yaml'],
    fstypes: [],
    baseDirectory: root,
    locations: locationsIn(root),
  });
  t.equal(checkBlob(blob), undefined);
  t.equal(toldType(blob, 'overlay'), 'shared:9 - xfs');
  for (const type of KERNEL_COLUMNS) t.equal(toldType(blob, type), type);
  t.equal(ruleName(blob, 1), 'mine/uname');
});

void t.test('a later policy beats an earlier one, with what it inherits', async (t) => {
  const root = t.testdir({
    shipped,
    'xfs.yaml':
      'apiVersion: seccomp-spoof/v1\nname: xfs\nextends: [9p-as-ext4]\n' +
      'statfs:\n  - { when: { type: 9p }, answer: { type: xfs } }\n',
  });
  const merge = async (...policies: string[]) => {
    const request = { policies, fstypes: [], baseDirectory: root, locations: locationsIn(root) };
    return (await mergePolicies(request)).policy.statfs.map(({ id }) => id);
  };
  t.same(await merge('9p-as-ext4', './xfs.yaml'), ['xfs/statfs/1']);
  t.same(await merge('./xfs.yaml', '9p-as-ext4'), ['9p-as-ext4/statfs/1']);
});

void t.test('what cannot be resolved', async (t) => {
  const root = t.testdir({ shipped, empty: {} });
  const locations = locationsIn(root);
  await t.rejects(resolvePolicy({ policies: ['9p-as-ext'], fstypes: [], locations }), {
    name: 'PolicyError',
    code: 'ESPOOF_POLICY',
    message: 'there is no policy called "9p-as-ext"; did you mean 9p-as-ext4?',
  });
  await t.rejects(
    resolvePolicy({ policies: ['./x'], fstypes: [], baseDirectory: root, locations }),
    PolicyError,
  );
  await t.rejects(
    resolvePolicy({
      policies: [],
      fstypes: [],
      locations: { shipped: builtPolicies(join(root, 'empty')), directories: [] },
    }),
    { name: 'InstallError', message: /the policy 9p-as-ext4 is missing in this package/ },
  );
});

/** Every module that importing `file` loads, by its static imports of values. */
function staticImports(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const statements = /^(?:import|export)\s+(?!type\b)(?:[^;]*?\sfrom\s+)?'([^']+)'/gm;
  for (const [, specifier = ''] of text.matchAll(statements)) {
    if (specifier.startsWith('.')) {
      staticImports(resolve(dirname(file), specifier.replace(/\.js$/, '.ts')), seen);
    } else {
      seen.add(specifier);
    }
  }
  return seen;
}

void t.test('shipped policies, --fstype, --set and lines of k3s load neither yaml nor zod', (t) => {
  const policy = join(ROOT, 'src/policy');
  const slow = ['yaml', 'zod', 'yargs', 'koffi'];
  const load = staticImports(join(policy, 'load.ts'));
  t.ok(load.has('yaml') && load.has('zod'), 'the loader does, so this test can tell');
  const others = ['parameters.ts', 'set.ts', '../programs/suggested.ts', '../programs/advice.ts'];
  for (const file of ['index.ts', 'fstype.ts', 'merge.ts', 'compile.ts', ...others]) {
    const loaded = [...staticImports(join(policy, file))];
    t.same(
      loaded.filter((name) => slow.includes(name)),
      [],
      file,
    );
  }
  t.end();
});

void t.test('the JSON Schema explains every key', (t) => {
  const schema = JSON.stringify(policyJsonSchema());
  interface Node {
    description?: string;
    properties?: Record<string, Node>;
    items?: Node;
    additionalProperties?: boolean;
    required?: string[];
  }
  const check = (node: Node, path: string): void => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      t.type(child.description, 'string', `${path}${key} has a description`);
      check(child, `${path}${key}.`);
    }
    if (node.properties !== undefined) {
      t.equal(node.additionalProperties, false, `${path} refuses other keys`);
    }
    if (node.items !== undefined) check(node.items, path);
  };
  const root = JSON.parse(schema) as Node;
  check(root, '');
  t.same(root.required, ['apiVersion', 'name']);
  t.same(root.properties?.['statfs']?.items?.required, ['when', 'answer']);
  t.end();
});

void t.test('shipped policies point editors to the schema', (t) => {
  for (const name of Object.keys(shippedFiles)) {
    const [first] = readFileSync(join(ROOT, 'policies', `${name}.yaml`), 'utf8').split('\n');
    t.equal(first, '# yaml-language-server: $schema=../dist/policy.schema.json', name);
  }
  t.end();
});
