import { readFileSync } from 'node:fs';

import t from 'tap';

import { FILESYSTEMS, magicOf } from '../../src/policy/filesystems.js';
import { columnMagic, columnNames, isNodev, KERNEL_COLUMNS } from '../../src/policy/tables.js';

void t.test('names that tables have for a type', (t) => {
  const known: [string, string[]][] = [
    ['9p', ['9p']],
    ['ext4', ['ext4', 'ext2', 'ext3']],
    ['fuse', ['fuse', 'fuse.*', 'fuseblk', 'fuseblk.*', 'virtiofs']],
    ['nfs', ['nfs', 'nfs4']],
    ['smb2', ['cifs', 'smb3']],
    ['tmpfs', ['tmpfs', 'devtmpfs', 'rootfs']],
    ['hfsx', ['hfsplus']],
  ];
  for (const [name, columns] of known) t.same(columnNames(magicOf(name) ?? 0), columns, name);
  t.same(columnNames(0x12345678), []);
  for (const { name, magic } of FILESYSTEMS) t.not(columnNames(magic).length, 0, name);
  t.end();
});

void t.test('the number behind a name', (t) => {
  t.equal(columnMagic('ext3'), 0xef53);
  t.equal(columnMagic('fuse.sshfs'), 0x65735546);
  t.equal(columnMagic('fuseblk.ntfs'), 0x65735546);
  t.equal(columnMagic('virtiofs'), 0x65735546);
  t.equal(columnMagic('fuse.'), 0x65735546);
  t.equal(columnMagic('xfs.a'), 0, 'only FUSE has subtypes');
  t.equal(columnMagic('nobody-knows'), 0);
  t.end();
});

void t.test('nodev is said as the kernel of this machine says it', (t) => {
  const lines = readFileSync('/proc/filesystems', 'utf8').trimEnd().split('\n');
  for (const line of lines) {
    const [flag = '', name = ''] = line.split('\t');
    t.equal(isNodev(name), flag === 'nodev', name);
  }
  for (const name of ['9p', 'fuse.x', 'overlay', 'zfs', 'ubifs']) t.ok(isNodev(name), name);
  for (const name of ['ext4', 'xfs', 'fuseblk.x', 'vfat']) t.notOk(isNodev(name), name);
  t.end();
});

void t.test("the kernel's own filesystems by their names in tables", (t) => {
  for (const name of ['tmpfs', 'devtmpfs', 'rootfs', 'proc', 'cgroup', 'cpuset', 'cgroup2']) {
    t.ok(KERNEL_COLUMNS.includes(name), name);
  }
  for (const name of ['9p', 'ext4', 'overlay', 'fuse']) {
    t.notOk(KERNEL_COLUMNS.includes(name), name);
  }
  t.end();
});
