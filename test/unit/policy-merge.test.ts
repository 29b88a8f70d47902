import t from 'tap';

import { UsageError } from '../../src/errors.js';
import { fstypePolicy } from '../../src/policy/fstype.js';
import { override, removeRule, ruleIds } from '../../src/policy/merge.js';
import type { NormalisedPolicy, StatfsRule } from '../../src/policy/normalised.js';
import { flagNames, flagsOf, fromJson, toJson } from '../../src/policy/normalised.js';
import { PolicyError } from '../../src/policy/problem.js';

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
  return { statfs };
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
  t.same(fstypePolicy([]), { statfs: [] });
  t.same(fstypePolicy(['9p=ext4', '0x65735546=XFS_SUPER_MAGIC']), {
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
    policy: policy({
      ...rule('a', [0xffffffff]),
      answer: { blocks: 2n ** 63n - 1n, flags: 0x20n },
    }),
  };
  t.same(fromJson(toJson(named)), named);
  t.same(fromJson(toJson({ ...named, description: undefined })).description, undefined);
  t.end();
});
