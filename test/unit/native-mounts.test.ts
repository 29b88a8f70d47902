// Rules for mount tables and uname, through the library: which one holds, and what is refused.
import t from 'tap';

import { matchMounts, MountTable, rewriteTable } from '../../src/native/mounts.js';
import {
  checkBlob,
  matchStatfs,
  PolicyBuilder,
  ruleName,
  StatfsField,
  UnameField,
} from '../../src/native/policy.js';

void t.test('rules of all kinds are numbered in one row', (t) => {
  const blob = new PolicyBuilder()
    .statfs('s')
    .whenType(1n)
    .answer(StatfsField.type, 2n)
    .mounts('m')
    .whenFstype('9p')
    .answerFstype('ext4', 0xef53n, false)
    .uname('u')
    .answerUname(UnameField.release, '6.1.0')
    .finish();
  t.equal(checkBlob(blob), undefined);
  t.same(
    [0, 1, 2, 3].map((number) => ruleName(blob, number)),
    ['s', 'm', 'u', undefined],
  );
  t.match(matchStatfs(blob, 1n, null), { rule: 0, name: 's' });
  t.equal(matchMounts(blob, '9p', '/'), 1);
  t.equal(matchMounts(blob, 'ext4', '/'), undefined);
  t.equal(matchMounts(blob, null, '/'), undefined, 'no glob matches an unknown type');
  t.end();
});

void t.test('the most specific mounts rule wins', (t) => {
  const builder = new PolicyBuilder();
  const add = (name: string, fstypes: string[], points: string[]): void => {
    builder.mounts(name).answerFstype('ext4', 0n, false);
    for (const fstype of fstypes) builder.whenFstype(fstype);
    for (const point of points) builder.whenPath(point);
  };
  add('any', ['*'], []);
  add('fuse', ['fuse.*'], []);
  add('first', ['fuse.sshfs', '9p'], []);
  add('second', ['9p'], []);
  add('below srv', [], ['/srv/**', '/mnt/**']);
  add('below srv, 9p', ['9p'], ['/srv/**']);
  add('longer', [], ['/srv/data/**']);
  const blob = builder.finish();
  const held = (fstype: string | null, point: string | null): string | undefined => {
    const rule = matchMounts(blob, fstype, point);
    return rule === undefined ? undefined : ruleName(blob, rule);
  };
  t.equal(held('xfs', '/'), 'any');
  t.equal(held('fuse.x/y', '/'), 'fuse', 'a star matches a slash in a type');
  t.equal(held('fuse.sshfs', null), 'first', 'more literal characters');
  t.equal(held('9p', '/'), 'first', 'the order added');
  t.equal(held('xfs', '/srv'), 'below srv', 'a path beats a type');
  t.equal(held(null, '/mnt/a'), 'below srv', 'a rule with a path needs no type');
  t.equal(held('9p', '/srv/a'), 'below srv, 9p', 'then a named type beats none');
  t.equal(held('9p', '/srv/data/a'), 'longer', 'more literal characters of the path');
  t.equal(held(null, '/'), undefined);
  t.end();
});

void t.test('exceptions of a mounts rule', (t) => {
  const blob = new PolicyBuilder()
    .mounts('broad')
    .whenFstype('*')
    .answerFstype('xfs', 0n, false)
    .mounts('narrow')
    .whenFstype('fuse.*')
    .exceptFstype('fuse.lxcfs')
    .exceptPath('/run/**')
    .exceptProgram('systemd*')
    .exceptProgram('udisksd')
    .answerFstype('ext4', 0n, false)
    .answerShared(7)
    .finish();
  t.equal(matchMounts(blob, 'fuse.x', '/a', 'df'), 1);
  t.equal(matchMounts(blob, 'fuse.x', '/a', null), 1);
  t.equal(matchMounts(blob, 'fuse.lxcfs', '/a', 'df'), 0, 'the next rule is asked');
  t.equal(matchMounts(blob, 'fuse.x', '/run/a', 'df'), 0);
  t.equal(matchMounts(blob, 'fuse.x', '/a', 'systemd-udevd'), 0);
  t.equal(matchMounts(blob, 'fuse.x', '/a', 'udisksd'), 0);
  t.equal(matchMounts(blob, 'fuse.x', '/a', 'udisksd2'), 1);
  t.end();
});

void t.test('the source in each table', (t) => {
  const blob = new PolicyBuilder()
    .mounts('both')
    .whenFstype('9p')
    .answerFstype('ext4', 0xef53n, false)
    .answerSource('/dev/told')
    .mounts('source alone')
    .whenPath('/b')
    .answerSource('host:/x')
    .finish();
  const told = (table: MountTable, line: string): string =>
    rewriteTable(blob, table, Buffer.from(`${line}\n`))
      .toString()
      .trimEnd();
  t.equal(told(MountTable.mounts, 'none /a 9p rw 0 0'), '/dev/told /a ext4 rw 0 0');
  t.equal(told(MountTable.mounts, 'none /b xfs rw 0 0'), 'host:/x /b xfs rw 0 0');
  t.equal(told(MountTable.mounts, 'none /c xfs rw 0 0'), 'none /c xfs rw 0 0');
  const [before, behind] = ['21 1 0:20 / /a rw shared:3', 'rw,none'];
  t.equal(
    told(MountTable.mountinfo, `${before} - 9p none ${behind}`),
    `${before} - ext4 /dev/told ${behind}`,
  );
  t.equal(
    told(MountTable.mountstats, 'device none mounted on /a with fstype 9p'),
    'device /dev/told mounted on /a with fstype ext4',
  );
  t.equal(
    told(MountTable.mountstats, 'no device mounted on /b with fstype xfs'),
    'device host:/x mounted on /b with fstype xfs',
    'where the kernel names none',
  );
  t.end();
});

void t.test('what is no rule for mounts or uname is refused', (t) => {
  const builder = new PolicyBuilder();
  const refused = (run: () => unknown, what: string): void => {
    t.throws(run, { message: /EINVAL/ }, what);
  };
  refused(() => builder.whenFstype('9p'), 'no rule yet');
  builder.statfs('s').whenType(1n);
  refused(() => builder.whenFstype('9p'), 'a mounts value in a statfs rule');
  refused(() => builder.exceptProgram('x'), 'a program in a statfs rule');
  builder.mounts('m');
  refused(() => builder.whenType(1n), 'a statfs value in a mounts rule');
  refused(() => builder.answer(StatfsField.type, 1n), 'a statfs answer');
  refused(() => builder.whenFstype(''), 'an empty type');
  refused(() => builder.whenFstype('x'.repeat(256)), 'a long type');
  for (const fstype of ['', 'a b', 'a\tb', 'a\x7f', 'a\\b', 'a#b', 'x'.repeat(256)]) {
    refused(() => builder.answerFstype(fstype, 0n, false), `a type ${JSON.stringify(fstype)}`);
  }
  for (const source of ['', 'a b', 'a\n', 'a\\b', '#a', 'x'.repeat(256)]) {
    refused(() => builder.answerSource(source), `a source ${JSON.stringify(source)}`);
  }
  refused(() => builder.answerShared(0), 'no group');
  refused(() => builder.answerShared(2 ** 31), 'a group that is too high');
  refused(() => builder.statfs('late'), 'a kind that comes first');
  builder.uname('u').answerUname(UnameField.version, 'v'.repeat(64));
  refused(() => builder.answerUname(UnameField.version, 'v'.repeat(65)), 'a long text');
  refused(() => builder.whenPath('/a'), 'a path in a uname rule');
  refused(() => builder.answerSource('a'), 'a source in a uname rule');
  refused(() => builder.mounts('late'), 'a kind that comes before');
  t.equal(checkBlob(builder.finish()), undefined);
  t.end();
});
