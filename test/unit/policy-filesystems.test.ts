import { existsSync, readFileSync } from 'node:fs';

import t from 'tap';

import {
  FILESYSTEM_NAMES,
  FILESYSTEMS,
  hexOf,
  KERNEL_TYPES,
  magicOf,
  nameOf,
  parseFilesystem,
  spellingOf,
} from '../../src/policy/filesystems.js';
import { suggest } from '../../src/policy/suggest.js';

const HEADER = '/usr/include/linux/magic.h';

/** Constants of linux/magic.h that are no filesystem's. */
const NO_FILESYSTEM = new Set(['STACK_END_MAGIC']);

void t.test('every name leads to its magic number and back', (t) => {
  t.equal(new Set(FILESYSTEMS.map((fs) => fs.magic)).size, FILESYSTEMS.length, 'no magic twice');
  const names = FILESYSTEMS.flatMap((fs) => [fs.name, ...fs.aliases]);
  t.equal(new Set(names).size, names.length, 'no name twice');
  t.same([...FILESYSTEM_NAMES].sort(), [...names].sort());
  for (const fs of FILESYSTEMS) {
    t.equal(nameOf(fs.magic), fs.name);
    for (const name of [fs.name, ...fs.aliases]) t.equal(magicOf(name), fs.magic, name);
  }
  t.end();
});

void t.test('numbers that programs compare with', (t) => {
  const known: [string, number][] = [
    ['9p', 0x01021997],
    ['ext2', 0xef53],
    ['ext4', 0xef53],
    ['xfs', 0x58465342],
    ['btrfs', 0x9123683e],
    ['overlay', 0x794c7630],
    ['tmpfs', 0x01021994],
    ['cgroup', 0x27e0eb],
    ['cgroup2', 0x63677270],
    ['proc', 0x9fa0],
    ['virtiofs', 0x65735546],
    ['nfs', 0x6969],
    ['zfs', 0x2fc12fc1],
  ];
  for (const [name, magic] of known) t.equal(magicOf(name), magic, name);
  t.equal(nameOf(0xef53), 'ext4');
  t.equal(nameOf(0x12345678), undefined);
  t.equal(magicOf('toString'), undefined);
  t.equal(spellingOf(0x65735546), 'fuse');
  t.equal(spellingOf(0xabc), '0x00000abc');
  t.equal(hexOf(0x01021997), '0x01021997');
  t.end();
});

void t.test('memory and the filesystems of the kernel are told from storage', (t) => {
  const must = ['tmpfs', 'proc', 'sysfs', 'cgroup', 'cgroup2', 'devpts', 'selinuxfs', 'hugetlbfs'];
  for (const name of must) t.ok(KERNEL_TYPES.includes(magicOf(name) ?? 0), name);
  for (const name of ['9p', 'ext4', 'fuse', 'overlay', 'nfs']) {
    t.notOk(KERNEL_TYPES.includes(magicOf(name) ?? 0), name);
  }
  t.end();
});

void t.test(
  'the table is that of linux/magic.h',
  { skip: !existsSync(HEADER) && `no ${HEADER}` },
  (t) => {
    const header = readFileSync(HEADER, 'utf8');
    const constants = new Map<string, number>();
    for (const [, name = '', value = ''] of header.matchAll(
      /^#define\s+(\w+)\s+(0[xX][0-9a-fA-F]+)/gm,
    )) {
      if (!NO_FILESYSTEM.has(name)) constants.set(name, Number(value));
    }
    t.ok(constants.size > 70, 'the header was understood');
    for (const [name, magic] of constants) {
      t.not(nameOf(magic), undefined, `${name} has a name`);
    }
    for (const { name, constant, magic } of FILESYSTEMS) {
      const there = constant === undefined ? undefined : constants.get(constant);
      // A constant that is not there is one of a newer kernel.
      if (there !== undefined) t.equal(there, magic, `${constant ?? ''} is the one of ${name}`);
    }
    t.end();
  },
);

void t.test('spellings of users', (t) => {
  const good: [string, number][] = [
    ['9p', 0x01021997],
    ['v9fs', 0x01021997],
    ['V9FS_MAGIC', 0x01021997],
    ['EXT4_SUPER_MAGIC', 0xef53],
    ['0x01021997', 0x01021997],
    ['0X1021997', 0x01021997],
    ['0xFFFFFFFF', 0xffffffff],
    ['0x0', 0],
  ];
  for (const [text, value] of good) t.same(parseFilesystem(text), { ok: true, value }, text);

  const bad: [string, string, string][] = [
    ['01021997', '"01021997" is a magic number without 0x', 'write 0x01021997 or 9p'],
    ['16914839', '"16914839" is a magic number without 0x', 'write 0x01021997 or 9p'],
    ['ef53', '"ef53" is a magic number without 0x', 'write 0xef53 or ext4'],
    ['2435016766', '"2435016766" is a magic number without 0x', 'write 0x9123683e or btrfs'],
    ['12', '"12" is a magic number without 0x', 'write 0x12'],
    ['exf4', '"exf4" is not a known filesystem', 'did you mean ext4?'],
    ['EXT4', '"EXT4" is not a known filesystem', 'did you mean ext4?'],
    ['cgruop2', '"cgruop2" is not a known filesystem', 'did you mean cgroup2?'],
    [
      'quite-another',
      '"quite-another" is not a known filesystem',
      'write its magic number: 0x and up to 8 hexadecimal digits',
    ],
    [
      '0x123456789',
      '"0x123456789" is not a filesystem\'s magic number',
      'write 0x and 1 to 8 hexadecimal digits: 0x01021997',
    ],
    [
      'fuse.sshfs',
      '"fuse.sshfs" cannot be told from other FUSE filesystems by its magic number',
      'write fuse, and a path',
    ],
    ['', 'the filesystem is missing', 'write its name: 9p'],
  ];
  for (const [text, message, suggestion] of bad) {
    t.same(parseFilesystem(text), { ok: false, message, suggestion }, text);
  }
  t.end();
});

void t.test('suggestions', (t) => {
  const verbs = ['check', 'show', 'list', 'exec'];
  t.equal(suggest('chekc', verbs), 'check', 'swapped letters are one edit');
  t.equal(suggest('shw', verbs), 'show');
  t.equal(suggest('LIST', verbs), 'list', 'case only');
  t.equal(suggest('9', ['9p']), undefined, 'one letter could be anything');
  t.equal(suggest('xy', ['ab']), undefined);
  t.equal(suggest('', verbs), undefined);
  t.equal(suggest('x'.repeat(65), ['x'.repeat(64)]), undefined, 'too long to be a name');
  t.equal(suggest('9q', ['9p', 'ext4']), '9p');
  t.equal(suggest('bat', ['bar', 'baz']), 'bar', 'the first of equally near ones');
  t.equal(suggest('bfreee', ['ffree', 'bfree']), 'bfree', 'the nearest');
  t.end();
});
