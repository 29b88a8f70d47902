import t from 'tap';

import { UsageError } from '../../src/errors.js';
import { fstypePolicy } from '../../src/policy/fstype.js';
import { override, removeRule, ruleIds } from '../../src/policy/merge.js';
import type {
  FileRule,
  MountsRule,
  NormalisedPolicy,
  StatfsRule,
  UnameRule,
} from '../../src/policy/normalised.js';
import {
  allRules,
  EMPTY_POLICY,
  flagNames,
  flagsOf,
  fromJson,
  mapRules,
  toJson,
} from '../../src/policy/normalised.js';
import { PolicyError } from '../../src/policy/problem.js';
import { POLLING_PROGRAMS } from '../../src/policy/tables.js';

const [P9, FUSE, NFS] = [0x01021997, 0x65735546, 0x6969];

function rule(id: string, types: number[], paths: string[] = []): StatfsRule {
  return {
    id,
    origin: `${id}.yaml:1`,
    when: { types, paths },
    except: { types: [], paths: ['/x'] },
    answer: { type: 0xef53n },
  };
}

function policy(...statfs: StatfsRule[]): NormalisedPolicy {
  return { ...EMPTY_POLICY, statfs };
}

function targets({ statfs }: NormalisedPolicy): [string, number[], string[]][] {
  return statfs.map(({ id, when }) => [id, [...when.types], [...when.paths]]);
}

void t.test('the upper layer comes first and takes what both speak of', (t) => {
  const merged = override(
    policy(rule('a', [P9]), rule('b', [FUSE]), rule('c', [P9], ['/d'])),
    policy(rule('u', [NFS]), rule('v', [P9])),
  );
  t.same(targets(merged), [
    ['u', [NFS], []],
    ['v', [P9], []],
    ['b', [FUSE], []],
    ['c', [P9], ['/d']],
  ]);
  t.end();
});

void t.test('a rule for several things loses only what is taken', (t) => {
  const lower = policy(rule('a', [P9, FUSE, NFS]), rule('b', [], ['/d', '/e']));
  const upper = policy(rule('u', [FUSE]), rule('v', [], ['/e']));
  const merged = override(lower, upper);
  t.same(targets(merged).slice(2), [
    ['a', [P9, NFS], []],
    ['b', [], ['/d']],
  ]);
  t.same(merged.statfs[2], { ...lower.statfs[0], when: { types: [P9, NFS], paths: [] } });
  t.end();
});

void t.test('a rule that is no longer a product of types and paths is split', (t) => {
  const lower = policy(rule('a', [P9, FUSE, NFS], ['/d', '/e']));
  const once = override(lower, policy(rule('u', [FUSE], ['/d'])));
  t.same(targets(once), [
    ['u', [FUSE], ['/d']],
    ['a', [P9, NFS], ['/d', '/e']],
    ['a~2', [FUSE], ['/e']],
  ]);
  const twice = override(once, policy(rule('w', [NFS], ['/e'])));
  t.same(
    targets(twice).map(([id]) => id),
    ['w', 'u', 'a', 'a~2', 'a~3'],
  );
  t.same(ruleIds(once), ['u', 'a']);
  t.same(targets(removeRule(once, 'a') ?? policy()), [['u', [FUSE], ['/d']]], 'all parts go');
  t.equal(removeRule(once, 'b'), undefined);
  t.end();
});

void t.test('the same rule twice stays one, two rules of one id are an error', (t) => {
  const lower = policy(rule('a', [P9]));
  t.same(override(lower, lower), lower);
  const other = policy({ ...rule('a', [FUSE]), origin: 'elsewhere.yaml:7' });
  t.throws(
    () => override(lower, other),
    new PolicyError([
      {
        message: 'two rules are called a: a.yaml:1 and elsewhere.yaml:7',
        suggestion: 'give one of the policies another name',
      },
    ]),
  );
  t.end();
});

void t.test('--fstype', (t) => {
  t.same(fstypePolicy([]), EMPTY_POLICY);
  t.match(fstypePolicy(['9p=ext4', '0x65735546=XFS_SUPER_MAGIC']), {
    statfs: [
      {
        id: '--fstype 0x65735546=XFS_SUPER_MAGIC',
        origin: '--fstype 0x65735546=XFS_SUPER_MAGIC',
        when: { types: [FUSE], paths: [] },
        except: { types: [], paths: [] },
        answer: { type: 0x58465342n },
      },
      {
        id: '--fstype 9p=ext4',
        origin: '--fstype 9p=ext4',
        when: { types: [P9], paths: [] },
        except: { types: [], paths: [] },
        answer: { type: 0xef53n },
      },
    ],
  });
  t.same(
    fstypePolicy(['9p=ext4', 'v9fs=xfs']).statfs.map(({ id }) => id),
    ['--fstype v9fs=xfs'],
    'of two for one filesystem the later one counts',
  );
  const expected = 'expected REAL=TOLD, two filesystems; write --fstype';
  const bad: [string, string][] = [
    ['', `--fstype "": ${expected} 9p=ext4`],
    ['9p', `--fstype 9p: ${expected} 9p=ext4`],
    ['9p=', `--fstype 9p=: ${expected} 9p=ext4`],
    ['=ext4', `--fstype =ext4: ${expected} 9p=ext4`],
    ['9p:xfs', `--fstype 9p:xfs: ${expected} 9p=xfs`],
    ['9p=xfs=ext4', `--fstype 9p=xfs=ext4: ${expected} 9p=ext4`],
    ['9p=exf4', '--fstype 9p=exf4: "exf4" is not a known filesystem; did you mean ext4?'],
    [
      '01021997=ext4',
      '--fstype 01021997=ext4: "01021997" is a magic number without 0x; write 0x01021997 or 9p',
    ],
    [
      'ext3=ext4',
      '--fstype ext3=ext4: statfs cannot tell ext3 from ext4, both are 0x0000ef53; write two different filesystems',
    ],
  ];
  for (const [argument, message] of bad) {
    t.throws(() => fstypePolicy([argument]), new UsageError(message), argument);
  }
  t.end();
});

void t.test('--fstype speaks of mount tables as well', (t) => {
  const mounts = (...options: string[]) =>
    fstypePolicy(options).mounts.map(({ when, answer }) => [when.fstypes, answer.fstype]);
  const [first] = fstypePolicy(['9p=ext4']).mounts;
  t.same(first, {
    id: '--fstype 9p=ext4 (mounts)',
    origin: '--fstype 9p=ext4',
    when: { fstypes: ['9p'], paths: [] },
    except: { fstypes: [], paths: [], programs: POLLING_PROGRAMS },
    answer: { fstype: 'ext4' },
  });
  const fuse = ['fuse', 'fuse.*', 'fuseblk', 'fuseblk.*', 'virtiofs'];
  t.same(mounts('virtiofs=xfs'), [[fuse, 'xfs']], 'every name of the type that statfs tells of');
  t.same(mounts('0x01021997=EXT4_SUPER_MAGIC'), [[['9p'], 'ext4']]);
  t.same(mounts('ext3=fuse'), [[['ext4', 'ext2', 'ext3'], 'fuse']]);
  t.same(mounts('9p=ext3'), [[['9p'], 'ext3']], 'told as it was written');
  t.same(mounts('9p=fat'), [[['9p'], 'vfat']], 'but by a name that tables have');
  t.same(mounts('0x1234=ext4', '9p=0x1234'), [], 'numbers without a name: statfs only');
  t.same(mounts('9p=ext4', 'v9fs=xfs'), [[['9p'], 'xfs']], 'of two the later one counts');
  t.end();
});

function mountsRule(id: string, fstypes: string[], paths: string[] = []): MountsRule {
  return {
    id,
    origin: `${id}.yaml:1`,
    when: { fstypes, paths },
    except: { fstypes: [], paths: [], programs: ['systemd'] },
    answer: { fstype: 'ext4' },
  };
}

void t.test('rules for mount tables are merged by type and mount point', (t) => {
  const lower = {
    ...EMPTY_POLICY,
    statfs: [rule('s', [P9])],
    mounts: [mountsRule('a', ['9p', 'fuse.*'], ['/d', '/e']), mountsRule('b', ['9p'])],
  };
  const upper = {
    ...EMPTY_POLICY,
    mounts: [mountsRule('u', ['9p'], ['/d']), mountsRule('v', ['fuse.*'])],
  };
  const merged = override(lower, upper);
  t.same(
    merged.mounts.map(({ id, when }) => [id, when.fstypes, when.paths]),
    [
      ['u', ['9p'], ['/d']],
      ['v', ['fuse.*'], []],
      ['a', ['9p'], ['/e']],
      ['a~2', ['fuse.*'], ['/d', '/e']],
      ['b', ['9p'], []],
    ],
  );
  t.same(merged.mounts[3]?.except, lower.mounts[0]?.except);
  t.same(merged.statfs, lower.statfs, 'rules of another kind are of no concern');
  t.same(ruleIds(merged), ['s', 'u', 'v', 'a', 'b']);
  t.same(removeRule(merged, 'a')?.mounts.length, 3);
  t.throws(
    () => override(lower, policy({ ...rule('b', [FUSE]), origin: 'x:1' })),
    /two rules are called b/,
    'an id is one of all kinds',
  );
  t.end();
});

function uname(id: string, answer: UnameRule['answer']): NormalisedPolicy {
  return { ...EMPTY_POLICY, uname: [{ id, origin: `${id}.yaml:1`, answer }] };
}

void t.test('uname is merged field by field', (t) => {
  const lower = uname('a/uname', { release: '1', version: 'v' });
  const once = override(lower, uname('b/uname', { release: '2' }));
  t.same(
    once.uname.map(({ id, answer }) => [id, answer]),
    [
      ['b/uname', { release: '2' }],
      ['a/uname', { version: 'v' }],
    ],
  );
  t.same(removeRule(once, 'a/uname')?.uname.length, 1);
  const twice = override(once, uname('c/uname', { release: '3', version: 'w' }));
  t.same(
    twice.uname.map(({ id }) => id),
    ['c/uname'],
  );
  t.end();
});

void t.test('rules for files are merged by path', (t) => {
  const rule = (id: string, ...paths: string[]): FileRule => ({
    id,
    origin: `${id}.yaml:1`,
    when: { paths, missing: true },
    except: { programs: [] },
    answer: { generate: 'zero-per-cpu' },
    writes: 'refuse',
    parents: false,
    scope: 'host',
  });
  const lower = { ...EMPTY_POLICY, files: [rule('a', '/x', '/y/*'), rule('b', '/z')] };
  const merged = override(lower, { ...EMPTY_POLICY, files: [rule('u', '/y/*', '/z')] });
  t.same(merged.files, [rule('u', '/y/*', '/z'), rule('a', '/x')]);
  t.same(removeRule(merged, 'u')?.files, [rule('a', '/x')]);
  t.end();
});

void t.test('all rules, in one order', (t) => {
  const all = {
    ...uname('u', { release: '1' }),
    statfs: [rule('s', [P9])],
    mounts: [mountsRule('m', ['9p'])],
  };
  const ids = (policy: NormalisedPolicy) => allRules(policy).map(({ id }) => id);
  t.same(ids(all), ['s', 'm', 'u']);
  t.same(ids(mapRules(all, (rule) => ({ ...rule, id: `${rule.id}!` }))), ['s!', 'm!', 'u!']);
  t.end();
});

void t.test('flags of statfs', (t) => {
  t.equal(flagsOf([]), 0x20n, 'ST_VALID is always set');
  t.equal(flagsOf(['rdonly', 'relatime']), 0x1021n);
  const all = flagNames(0xffffn);
  t.equal(all.length, 10);
  t.same(flagNames(flagsOf(all)), all);
  t.end();
});

void t.test('the JSON of a policy loses nothing', (t) => {
  const named = {
    name: 'x',
    description: 'what',
    policy: {
      ...policy({ ...rule('a', [0xffffffff]), answer: { blocks: 2n ** 63n - 1n, flags: 0x20n } }),
      mounts: [{ ...mountsRule('m', ['9p'], ['/']), answer: { shared: 7 } }],
      uname: uname('x/uname', { version: '#1' }).uname,
    },
  };
  t.same(fromJson(toJson(named)), named);
  t.same(fromJson(toJson({ ...named, description: undefined })).description, undefined);
  t.end();
});
