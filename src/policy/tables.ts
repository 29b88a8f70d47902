/**
 * Filesystems as mount tables name them (the type column of /proc/PID/mountinfo). One f_type may have
 * several names there, and a name may stand for several f_types.
 */
import { FILESYSTEMS, magicOf, type Filesystem } from './filesystems.js';

/** Names in tables, where they are not just the filesystem's own one; the usual one first. */
const COLUMNS: Readonly<Partial<Record<string, readonly string[]>>> = {
  cgroup: ['cgroup', 'cpuset'],
  coherent: ['sysv'],
  'cramfs-wend': ['cramfs'],
  ext4: ['ext4', 'ext2', 'ext3'],
  'ext2-old': ['ext2'],
  // A subtype stands behind a dot: fuse.sshfs.
  fuse: ['fuse', 'fuse.*', 'fuseblk', 'fuseblk.*', 'virtiofs'],
  hfsx: ['hfsplus'],
  'minix-30': ['minix'],
  minix2: ['minix'],
  'minix2-30': ['minix'],
  minix3: ['minix'],
  nfs: ['nfs', 'nfs4'],
  openafs: ['afs'],
  orangefs: ['pvfs2'],
  // The client is called cifs, whatever version of the protocol f_type tells of.
  cifs: ['cifs', 'smb3'],
  smb2: ['cifs', 'smb3'],
  sysv2: ['sysv'],
  sysv4: ['sysv'],
  ramfs: ['ramfs', 'rootfs'],
  tmpfs: ['tmpfs', 'devtmpfs', 'rootfs'],
  'ufs-swapped': ['ufs'],
  vfat: ['vfat', 'msdos'],
  xenix: ['sysv'],
};

/** Filesystems with FS_REQUIRES_DEV: /proc/filesystems has them without `nodev`. */
const ON_DEVICES: ReadonlySet<string> = new Set(
  (
    'adfs affs apfs bcachefs befs bfs btrfs cramfs efs erofs exfat ext ext2 ext3 ext4 f2fs ' +
    'fuseblk gfs2 hfs hfsplus hpfs iso9660 jfs minix msdos nilfs2 ntfs ntfs3 ocfs2 omfs ' +
    'qnx4 qnx6 reiserfs romfs squashfs sysv udf ufs v7 vfat vxfs xfs xiafs zonefs'
  ).split(' '),
);

/** The type without its subtype: `fuse` of `fuse.sshfs`. */
export function withoutSubtype(name: string): string {
  return name.replace(/^(fuse|fuseblk)\..*$/, '$1');
}

function columnsOf({ name }: Filesystem): readonly string[] {
  return COLUMNS[name] ?? [name];
}

const byMagic = new Map(FILESYSTEMS.map((fs) => [fs.magic, columnsOf(fs)]));

/**
 * How mount tables may name a filesystem with this f_type: globs (`fuse.*`), the usual name first;
 * none if it is not known.
 */
export function columnNames(magic: number): readonly string[] {
  return byMagic.get(magic) ?? [];
}

/** Names of memory and the kernel's own filesystems: see KERNEL_TYPES. */
export const KERNEL_COLUMNS: readonly string[] = [
  ...new Set(FILESYSTEMS.filter((fs) => fs.kernel).flatMap(columnsOf)),
];

/**
 * Are those excepted from a rule of `mounts` in any case, as from one of `statfs`? It names no type, and
 * tells what a filesystem is; a peer group does not.
 */
export function exceptsKernelColumns(
  fstypes: readonly string[],
  {
    fstype,
    source,
  }: { readonly fstype?: string | undefined; readonly source?: string | undefined },
): boolean {
  return fstypes.length === 0 && (fstype !== undefined || source !== undefined);
}

/** The f_type of a filesystem that a mount table names so; 0 if it is not known. */
export function columnMagic(name: string): number {
  return magicOf(withoutSubtype(name)) ?? 0;
}

/** Whether /proc/filesystems says `nodev` of it: of all that need no block device. */
export function isNodev(name: string): boolean {
  return !ON_DEVICES.has(withoutSubtype(name));
}

/**
 * Programs that wait for changes of their mount table (with epoll or poll), which a rewritten one
 * cannot report: it is a copy, made when it is opened. policies/9p-as-ext4.yaml says who they are.
 */
export const POLLING_PROGRAMS: readonly string[] = [
  'systemd',
  'udisksd',
  'gvfs-udisks2-volume-monitor',
];
