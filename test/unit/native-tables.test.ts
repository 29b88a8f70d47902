// Mount tables as a program reads them, through the library: examples of every form.
import { readFileSync } from 'node:fs';
import t from 'tap';

import { MountTable, rewriteTable } from '../../src/native/mounts.js';
import { PolicyBuilder } from '../../src/native/policy.js';

const policy = new PolicyBuilder()
  .mounts('9p')
  .whenFstype('9p')
  .whenFstype('fuse.*')
  .exceptPath('/srv/own dir/**')
  .exceptProgram('systemd')
  .answerFstype('ext4', 0xef53n, false)
  .mounts('root')
  .whenFstype('9p')
  .whenPath('/')
  .answerFstype('ext4', 0xef53n, false)
  .answerShared(7)
  .mounts('share only')
  .whenPath('/shared')
  .answerShared(9)
  .mounts('virtiofs')
  .whenFstype('virtiofs')
  .answerFstype('xfs', 0x58465342n, false)
  .mounts('made up')
  .whenFstype('nothing')
  .exceptProgram('df')
  .answerFstype('madeup', 0n, true)
  .finish();

function rewritten(table: MountTable, text: string, program: string | null = null): string {
  return rewriteTable(policy, table, Buffer.from(text, 'latin1'), program).toString('latin1');
}

void t.test('mounts', (t) => {
  const { mounts } = MountTable;
  const cases: [string, string][] = [
    ['none / 9p rw 0 0\n', 'none / ext4 rw 0 0\n'],
    [' / 9p rw 0 0\n', ' / ext4 rw 0 0\n'],
    ['9p /9p 9p 9p 0 0\n', '9p /9p ext4 9p 0 0\n'],
    ['a /b fuse.sshfs rw 0 0\n', 'a /b ext4 rw 0 0\n'],
    ['a /shared tmpfs rw 0 0\n', 'a /shared tmpfs rw 0 0\n'],
    ['a /srv/own\\040dir/x 9p rw 0 0\n', 'a /srv/own\\040dir/x 9p rw 0 0\n'],
    ['a /srv/own\\040dirs/x 9p rw 0 0\n', 'a /srv/own\\040dirs/x ext4 rw 0 0\n'],
    ['a\\011b /tab\\134\\043 9p rw 1 2\n', 'a\\011b /tab\\134\\043 ext4 rw 1 2\n'],
    ['a /b 9p rw 0 0\nc /d 9p rw 0 0', 'a /b ext4 rw 0 0\nc /d 9p rw 0 0'],
  ];
  for (const [text, expected] of cases) t.equal(rewritten(mounts, text), expected, text);
  for (const line of [
    'C:\\134Program Files /mnt/c 9p rw 0 0',
    'a /b 9p rw 0',
    'a /b 9p rw 0 0 0',
    'a  /b 9p rw 0 0',
    'a b 9p rw 0 0',
    'a /b 9p rw 0 0 ',
    'a /b 9p rw x 0',
    'a /b\0 9p rw 0 0',
    `a /${'b'.repeat(5000)} 9p rw 0 0`,
    `a /b ${'9'.repeat(300)} rw 0 0`,
    '',
    '#comment',
  ]) {
    t.equal(rewritten(mounts, `${line}\n`), `${line}\n`, `no line: ${line.slice(0, 40)}`);
  }
  t.equal(rewritten(mounts, ''), '');
  t.equal(rewritten(mounts, 'a /b 9p rw 0 0\n', 'systemd'), 'a /b 9p rw 0 0\n');
  t.equal(rewritten(mounts, 'a /b 9p rw 0 0\n', 'df'), 'a /b ext4 rw 0 0\n');
  t.end();
});

void t.test('mountinfo', (t) => {
  const { mountinfo } = MountTable;
  const cases: [string, string][] = [
    [
      '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - 9p /dev/root rw,errors=continue\n',
      '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext4 /dev/root rw,errors=continue\n',
    ],
    ['1 0 0:2 / /a rw  - 9p none rw\n', '1 0 0:2 / /a rw  - ext4 none rw\n'],
    ['1 0 0:2 / / rw  - 9p none rw\n', '1 0 0:2 / / rw shared:7  - ext4 none rw\n'],
    ['1 0 0:2 / / rw - 9p none rw\n', '1 0 0:2 / / rw shared:7 - ext4 none rw\n'],
    ['1 0 0:2 / / rw master:3 - 9p  rw\n', '1 0 0:2 / / rw shared:7 master:3 - ext4  rw\n'],
    ['1 0 0:2 / / rw shared:2 - 9p a rw\n', '1 0 0:2 / / rw shared:2 - ext4 a rw\n'],
    ['1 0 0:2 9p /shared rw - tmpfs a rw\n', '1 0 0:2 9p /shared rw shared:9 - tmpfs a rw\n'],
    ['1 0 0:2 - /- - shared:1 - 9p - -\n', '1 0 0:2 - /- - shared:1 - ext4 - -\n'],
    ['1 0 0:2 / /mnt/c rw - 9p C:\\134Program Files rw\n', ''],
  ];
  for (const [text, expected] of cases) {
    const wanted = expected === '' ? text.replace('- 9p', '- ext4') : expected;
    t.equal(rewritten(mountinfo, text), wanted, text);
  }
  for (const line of [
    'none / 9p rw 0 0',
    '1 0 0:2 / /a rw 9p none rw',
    '1 0 0:2 / /a rw - 9p none',
    '1 0 02 / /a rw - 9p none rw',
    '1 0 0: / /a rw - 9p none rw',
    'x 0 0:2 / /a rw - 9p none rw',
    '1 0 0:2 / a rw - 9p none rw',
  ]) {
    t.equal(rewritten(mountinfo, `${line}\n`), `${line}\n`, `no line: ${line}`);
  }
  t.end();
});

void t.test('mountstats', (t) => {
  const { mountstats } = MountTable;
  t.equal(
    rewritten(
      mountstats,
      'device none mounted on / with fstype 9p\n' +
        'no device mounted on /a with fstype fuse.x\n' +
        'device a:/b mounted on /c with fstype virtiofs statvers=1.1\n' +
        '\tdevice none mounted on / with fstype 9p\n' +
        '\topts:\trw\n' +
        'device a b mounted on / with fstype 9p\n' +
        'device with mounted on / mounted on /d with fstype 9p\n',
    ),
    'device none mounted on / with fstype ext4\n' +
      'no device mounted on /a with fstype ext4\n' +
      'device a:/b mounted on /c with fstype xfs statvers=1.1\n' +
      '\tdevice none mounted on / with fstype 9p\n' +
      '\topts:\trw\n' +
      'device a b mounted on / with fstype 9p\n' +
      'device with mounted on / mounted on /d with fstype 9p\n',
  );
  t.end();
});

void t.test('another source', (t) => {
  const told = new PolicyBuilder()
    .mounts('both')
    .whenFstype('9p')
    .answerFstype('ext4', 0xef53n, false)
    .answerSource('/dev/x')
    .mounts('alone')
    .whenPath('/b')
    .answerSource('b')
    .finish();
  const say = (table: MountTable, text: string): string =>
    rewriteTable(told, table, Buffer.from(text), null).toString();
  const cases: [MountTable, string, string][] = [
    [MountTable.mounts, 'none / 9p rw 0 0\n', '/dev/x / ext4 rw 0 0\n'],
    [MountTable.mounts, ' / 9p rw 0 0\n', '/dev/x / ext4 rw 0 0\n'],
    [MountTable.mounts, 'a\\040c /b tmpfs rw 0 0\n', 'b /b tmpfs rw 0 0\n'],
    [MountTable.mounts, 'b /b tmpfs rw 0 0\n', 'b /b tmpfs rw 0 0\n'],
    [MountTable.mounts, '/dev/x / 9p rw 0 0\n', '/dev/x / ext4 rw 0 0\n'],
    [
      MountTable.mountinfo,
      '1 0 0:2 / /a rw  - 9p none rw\n',
      '1 0 0:2 / /a rw  - ext4 /dev/x rw\n',
    ],
    [MountTable.mountinfo, '1 0 0:2 / /b rw - ext4  rw\n', '1 0 0:2 / /b rw - ext4 b rw\n'],
    [
      MountTable.mountstats,
      'device none mounted on / with fstype 9p\n',
      'device /dev/x mounted on / with fstype ext4\n',
    ],
    [
      MountTable.mountstats,
      'no device mounted on /b with fstype nfs statvers=1.1\n',
      'device b mounted on /b with fstype nfs statvers=1.1\n',
    ],
    [
      MountTable.mountstats,
      'device  mounted on /b with fstype nfs\n',
      'device b mounted on /b with fstype nfs\n',
    ],
    [MountTable.filesystems, 'nodev\t9p\n\text4\n', 'nodev\t9p\n\text4\n'],
  ];
  for (const [table, text, expected] of cases) t.equal(say(table, text), expected, text);
  t.end();
});

void t.test('filesystems', (t) => {
  const { filesystems } = MountTable;
  const text = 'nodev\tproc\n\text3\nnodev\t9p\n';
  t.equal(rewritten(filesystems, text), `${text}\text4\n\txfs\nnodev\tmadeup\n`);
  t.equal(rewritten(filesystems, text, 'df'), `${text}\text4\n\txfs\n`, 'an excepted program');
  t.equal(
    rewritten(filesystems, text, 'systemd'),
    `${text}\text4\n\txfs\nnodev\tmadeup\n`,
    'another rule answers the same type to this program',
  );
  const all = '\text4\n\txfs\nnodev\tmadeup\n';
  t.equal(rewritten(filesystems, all), all, 'all are listed');
  t.equal(rewritten(filesystems, '\text4\n\txfs'), '\text4\n\txfs', 'half a line');
  t.equal(rewritten(filesystems, ''), '\text4\n\txfs\nnodev\tmadeup\n');
  t.end();
});

void t.test('the tables of this machine', (t) => {
  const none = new PolicyBuilder().mounts('none').whenFstype('nothing').answerShared(1).finish();
  const all = new PolicyBuilder().mounts('all').answerFstype('ext4', 0n, false).finish();
  const columns = { mounts: 2, mountinfo: undefined, mountstats: 7 };
  for (const name of ['mounts', 'mountinfo', 'mountstats'] as const) {
    const text = readFileSync(`/proc/self/${name}`);
    t.ok(rewriteTable(none, MountTable[name], text).equals(text), `${name}: no rule, no change`);
    const changed = rewriteTable(all, MountTable[name], text);
    const expected = text
      .toString('latin1')
      .split('\n')
      .map((line) => {
        const words = line.split(' ');
        const column = columns[name] ?? (words.indexOf('-', 6) + 1 || Infinity);
        if (words.length > column) words[column] = 'ext4';
        return words.join(' ');
      })
      .join('\n');
    t.equal(changed.toString('latin1'), expected, `${name}: every line is known`);
    t.ok(rewriteTable(all, MountTable[name], changed).equals(changed), `${name}: idempotent`);
  }
  t.throws(() => rewriteTable(new Uint8Array(9), 0, Buffer.from('')), { message: /EINVAL/ });
  t.end();
});

void t.test('ten thousand mounts', (t) => {
  const line = '36 35 98:0 / /srv/data/NUMBER/merged rw,noatime shared:1 - fuse.x none rw\n';
  // In time of the processor: other processes take none of that.
  const rewrite = (length: number): number => {
    const text = Array.from({ length }, (_, i) => line.replace('NUMBER', `${i}`)).join('');
    const bytes = Buffer.from(text);
    const before = process.cpuUsage();
    const changed = rewriteTable(policy, MountTable.mountinfo, bytes);
    const { user, system } = process.cpuUsage(before);
    t.equal(changed.toString(), text.replaceAll('fuse.x', 'ext4'));
    return user + system;
  };
  const thousand = Math.min(...[1, 2, 3, 4, 5].map(() => rewrite(1000)));
  const all = Math.min(...[1, 2, 3].map(() => rewrite(10_000)));
  t.ok(all < 50 * thousand, `${all} microseconds, and ${thousand} for a thousand`);
  t.end();
});

void t.test('a table that grows to many times its size', (t) => {
  const long = 'x'.repeat(255);
  const blob = new PolicyBuilder()
    .mounts('long')
    .answerFstype(long, 0n, false)
    .answerShared(2 ** 31 - 1)
    .finish();
  const text = '1 0 0:2 / / rw - 9p a rw\n'.repeat(3000);
  const expected = text.replaceAll('rw - 9p', `rw shared:2147483647 - ${long}`);
  t.equal(rewriteTable(blob, MountTable.mountinfo, Buffer.from(text)).toString(), expected);
  t.end();
});
