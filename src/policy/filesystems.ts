/**
 * Filesystems by name and by magic number (statfs f_type), both ways. Names are those of the
 * kernel's fstype column in /proc/self/mountinfo where there is one.
 */
import { didYouMean } from './suggest.js';

/** name, magic, its constant in linux/magic.h (or '' if it is not there), aliases. */
type Row = readonly [name: string, magic: number, constant: string, ...aliases: string[]];

/** What is stored on a disk, in a file, on another machine, or handed in by a daemon. */
const STORAGE: readonly Row[] = [
  ['9p', 0x01021997, 'V9FS_MAGIC', 'v9fs'],
  ['acfs', 0x61636673, ''],
  ['adfs', 0xadf5, 'ADFS_SUPER_MAGIC'],
  ['affs', 0xadff, 'AFFS_SUPER_MAGIC'],
  ['afs', 0x6b414653, 'AFS_FS_MAGIC', 'kafs'],
  ['aufs', 0x61756673, ''],
  ['bcachefs', 0xca451a4e, ''],
  ['beegfs', 0x19830326, '', 'fhgfs'],
  ['befs', 0x42465331, ''],
  ['bfs', 0x1badface, ''],
  ['btrfs', 0x9123683e, 'BTRFS_SUPER_MAGIC'],
  ['btrfs_test_fs', 0x73727279, 'BTRFS_TEST_MAGIC'],
  ['ceph', 0x00c36400, 'CEPH_SUPER_MAGIC'],
  ['cifs', 0xff534d42, 'CIFS_SUPER_MAGIC'],
  ['coda', 0x73757245, 'CODA_SUPER_MAGIC'],
  ['coherent', 0x012ff7b7, ''],
  ['cramfs', 0x28cd3d45, 'CRAMFS_MAGIC'],
  ['cramfs-wend', 0x453dcd28, 'CRAMFS_MAGIC_WEND'],
  ['ecryptfs', 0xf15f, 'ECRYPTFS_SUPER_MAGIC'],
  ['efs', 0x414a53, 'EFS_SUPER_MAGIC'],
  ['erofs', 0xe0f5e1e2, 'EROFS_SUPER_MAGIC_V1'],
  ['exfat', 0x2011bab0, 'EXFAT_SUPER_MAGIC'],
  ['exofs', 0x5df5, ''],
  ['ext', 0x137d, ''],
  ['ext2-old', 0xef51, ''],
  ['ext4', 0xef53, 'EXT4_SUPER_MAGIC', 'ext2', 'ext3'],
  ['f2fs', 0xf2f52010, 'F2FS_SUPER_MAGIC'],
  ['fuse', 0x65735546, 'FUSE_SUPER_MAGIC', 'fuseblk', 'virtiofs'],
  ['gfs2', 0x01161970, '', 'gfs'],
  ['gpfs', 0x47504653, ''],
  ['hfs', 0x4244, ''],
  ['hfsplus', 0x482b, ''],
  ['hfsx', 0x4858, ''],
  ['hostfs', 0x00c0ffee, 'HOSTFS_SUPER_MAGIC'],
  ['hpfs', 0xf995e849, 'HPFS_SUPER_MAGIC'],
  ['ibrix', 0x013111a8, ''],
  ['iso9660', 0x9660, 'ISOFS_SUPER_MAGIC', 'isofs'],
  ['jffs', 0x07c0, ''],
  ['jffs2', 0x72b6, 'JFFS2_SUPER_MAGIC'],
  ['jfs', 0x3153464a, ''],
  ['logfs', 0xc97e8168, ''],
  ['lustre', 0x0bd00bd0, ''],
  ['minix', 0x137f, 'MINIX_SUPER_MAGIC'],
  ['minix-30', 0x138f, 'MINIX_SUPER_MAGIC2'],
  ['minix2', 0x2468, 'MINIX2_SUPER_MAGIC'],
  ['minix2-30', 0x2478, 'MINIX2_SUPER_MAGIC2'],
  ['minix3', 0x4d5a, 'MINIX3_SUPER_MAGIC'],
  ['ncpfs', 0x564c, 'NCP_SUPER_MAGIC'],
  ['nfs', 0x6969, 'NFS_SUPER_MAGIC', 'nfs4'],
  ['nilfs2', 0x3434, 'NILFS_SUPER_MAGIC', 'nilfs'],
  ['ntfs', 0x5346544e, ''],
  ['ntfs3', 0x7366746e, ''],
  ['ocfs2', 0x7461636f, 'OCFS2_SUPER_MAGIC'],
  ['openafs', 0x5346414f, 'AFS_SUPER_MAGIC'],
  ['orangefs', 0x20030528, '', 'pvfs2'],
  ['overlay', 0x794c7630, 'OVERLAYFS_SUPER_MAGIC', 'overlayfs'],
  ['panfs', 0xaad7aaea, ''],
  ['prl_fs', 0x7c7c6673, ''],
  ['qnx4', 0x002f, 'QNX4_SUPER_MAGIC'],
  ['qnx6', 0x68191122, 'QNX6_SUPER_MAGIC'],
  ['reiserfs', 0x52654973, 'REISERFS_SUPER_MAGIC'],
  ['romfs', 0x7275, ''],
  ['sdcardfs', 0x5dca2df5, ''],
  ['shiftfs', 0x6a656a62, ''],
  ['smb2', 0xfe534d42, 'SMB2_SUPER_MAGIC', 'smb3'],
  ['smbfs', 0x517b, 'SMB_SUPER_MAGIC', 'smb'],
  ['snfs', 0xbeefdead, ''],
  ['squashfs', 0x73717368, 'SQUASHFS_MAGIC'],
  ['sysv2', 0x012ff7b6, ''],
  ['sysv4', 0x012ff7b5, ''],
  ['ubifs', 0x24051905, ''],
  ['udf', 0x15013346, 'UDF_SUPER_MAGIC'],
  ['ufs', 0x00011954, ''],
  ['ufs-swapped', 0x54190100, ''],
  ['vboxsf', 0x786f4256, ''],
  ['vfat', 0x4d44, 'MSDOS_SUPER_MAGIC', 'msdos', 'fat'],
  ['vmhgfs', 0xbacbacbc, ''],
  ['vxfs', 0xa501fcf5, ''],
  ['vzfs', 0x565a4653, ''],
  ['wslfs', 0x53464846, ''],
  ['xenix', 0x012ff7b4, ''],
  ['xfs', 0x58465342, 'XFS_SUPER_MAGIC'],
  ['xiafs', 0x012fd16d, ''],
  ['zfs', 0x2fc12fc1, ''],
  ['zonefs', 0x5a4f4653, 'ZONEFS_MAGIC'],
];

/** Memory and the kernel's own interfaces: programs recognise these to tell what a path *is*. */
const KERNEL: readonly Row[] = [
  ['anon_inodefs', 0x09041934, 'ANON_INODE_FS_MAGIC'],
  ['apparmorfs', 0x5a3c69f0, 'AAFS_MAGIC', 'aafs'],
  ['autofs', 0x0187, 'AUTOFS_SUPER_MAGIC'],
  ['bdev', 0x62646576, 'BDEVFS_MAGIC'],
  ['binder', 0x6c6f6f70, 'BINDERFS_SUPER_MAGIC', 'binderfs'],
  ['binfmt_misc', 0x42494e4d, 'BINFMTFS_MAGIC'],
  ['bpf', 0xcafe4a11, 'BPF_FS_MAGIC'],
  ['cgroup', 0x27e0eb, 'CGROUP_SUPER_MAGIC'],
  ['cgroup2', 0x63677270, 'CGROUP2_SUPER_MAGIC'],
  ['configfs', 0x62656570, ''],
  ['dax', 0x64646178, 'DAXFS_MAGIC'],
  ['debugfs', 0x64626720, 'DEBUGFS_MAGIC'],
  ['devfs', 0x1373, ''],
  ['devmem', 0x454d444d, 'DEVMEM_MAGIC'],
  ['devpts', 0x1cd1, 'DEVPTS_SUPER_MAGIC'],
  ['dmabuf', 0x444d4142, 'DMA_BUF_MAGIC'],
  ['efivarfs', 0xde5e81e4, 'EFIVARFS_MAGIC'],
  ['fusectl', 0x65735543, ''],
  ['futexfs', 0x0bad1dea, 'FUTEXFS_SUPER_MAGIC'],
  ['guest_memfd', 0x474d454d, 'GUEST_MEMFD_MAGIC'],
  ['hugetlbfs', 0x958458f6, 'HUGETLBFS_MAGIC'],
  ['inotifyfs', 0x2bad1dea, ''],
  ['mqueue', 0x19800202, ''],
  ['mtd_inodefs', 0x11307854, 'MTD_INODE_FS_MAGIC'],
  ['nfsd', 0x6e667364, ''],
  ['nsfs', 0x6e736673, 'NSFS_MAGIC'],
  ['nullfs', 0x4e554c4c, 'NULL_FS_MAGIC'],
  ['openpromfs', 0x9fa1, 'OPENPROM_SUPER_MAGIC'],
  ['pidfs', 0x50494446, 'PID_FS_MAGIC'],
  ['pipefs', 0x50495045, 'PIPEFS_MAGIC'],
  ['proc', 0x9fa0, 'PROC_SUPER_MAGIC', 'procfs'],
  ['pstore', 0x6165676c, 'PSTOREFS_MAGIC', 'pstorefs'],
  ['ramfs', 0x858458f6, 'RAMFS_MAGIC'],
  ['resctrl', 0x07655821, 'RDTGROUP_SUPER_MAGIC'],
  ['rpc_pipefs', 0x67596969, ''],
  ['secretmem', 0x5345434d, 'SECRETMEM_MAGIC'],
  ['securityfs', 0x73636673, 'SECURITYFS_MAGIC'],
  ['selinuxfs', 0xf97cff8c, 'SELINUX_MAGIC'],
  ['smackfs', 0x43415d53, 'SMACK_MAGIC'],
  ['sockfs', 0x534f434b, 'SOCKFS_MAGIC'],
  ['sysfs', 0x62656572, 'SYSFS_MAGIC'],
  ['tmpfs', 0x01021994, 'TMPFS_MAGIC', 'devtmpfs'],
  ['tracefs', 0x74726163, 'TRACEFS_MAGIC'],
  ['usbdevfs', 0x9fa2, 'USBDEVICE_SUPER_MAGIC', 'usbfs'],
  ['xenfs', 0xabba1974, 'XENFS_SUPER_MAGIC'],
];

/** A filesystem type: one magic number with its names. */
export interface Filesystem {
  /** As the kernel's fstype column says it, `ext4`; unique. */
  readonly name: string;
  /** statfs f_type, 0 to 0xffffffff; unique. */
  readonly magic: number;
  /** Its constant in linux/magic.h, `EXT4_SUPER_MAGIC`; undefined if the header has none. */
  readonly constant: string | undefined;
  /** Further names with the same magic number: `ext2`, `ext3`. */
  readonly aliases: readonly string[];
  /** Memory or an interface of the kernel, no storage: only rules that name it touch it. */
  readonly kernel: boolean;
}

function toFilesystem(row: Row, kernel: boolean): Filesystem {
  const [name, magic, constant, ...aliases] = row;
  return { name, magic, constant: constant === '' ? undefined : constant, aliases, kernel };
}

/** Every filesystem that has a name here. */
export const FILESYSTEMS: readonly Filesystem[] = [
  ...STORAGE.map((row) => toFilesystem(row, false)),
  ...KERNEL.map((row) => toFilesystem(row, true)),
];

/**
 * Types that a rule touches only if it names them: kubelet takes tmpfs for a memory-backed volume,
 * runc proves /proc by its type, systemd looks for cgroup2, and so on.
 */
export const KERNEL_TYPES: readonly number[] = FILESYSTEMS.filter((fs) => fs.kernel).map(
  (fs) => fs.magic,
);

const byMagic = new Map(FILESYSTEMS.map((fs) => [fs.magic, fs]));
const byName = new Map<string, Filesystem>();
const byConstant = new Map<string, Filesystem>();
for (const fs of FILESYSTEMS) {
  for (const name of [fs.name, ...fs.aliases]) byName.set(name, fs);
  if (fs.constant !== undefined) byConstant.set(fs.constant, fs);
}

/** Every name and alias, as a list of candidates for suggestions and completion. */
export const FILESYSTEM_NAMES: readonly string[] = [...byName.keys()];

/** The magic number of a filesystem's name or alias; undefined if the name is not known. */
export function magicOf(name: string): number | undefined {
  return byName.get(name)?.magic;
}

/** The name of a magic number (`ext4` for ext2, ext3 and ext4); undefined if it is not known. */
export function nameOf(magic: number): string | undefined {
  return byMagic.get(magic)?.name;
}

/** A magic number as C programmers write it: `0x01021997`. */
export function hexOf(magic: number): string {
  return `0x${magic.toString(16).padStart(8, '0')}`;
}

/** A magic number for people and policies: its name, or hexadecimal if it has none. */
export function spellingOf(magic: number): string {
  return nameOf(magic) ?? hexOf(magic);
}

/** What came of reading a value that a user wrote: the value, or what is wrong with it. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly suggestion?: string };

/** The text cannot be read. */
export function refused(message: string, suggestion: string): Parsed<never> {
  return { ok: false, message, suggestion };
}

/** A magic number written without 0x, if that is what the text looks like. */
function unmarkedMagic(text: string): number | undefined {
  const hex = /^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
  if (hex !== undefined && (byMagic.has(hex) || /^[0-9]/.test(text))) {
    // A decimal number of which the kernel knows the filesystem was meant as decimal.
    const decimal = /^[1-9][0-9]*$/.test(text) ? Number.parseInt(text, 10) : undefined;
    return decimal !== undefined && byMagic.has(decimal) && !byMagic.has(hex) ? decimal : hex;
  }
  const decimal = /^[0-9]{9,10}$/.test(text) ? Number.parseInt(text, 10) : undefined;
  return decimal !== undefined && decimal <= 0xffffffff ? decimal : undefined;
}

/**
 * Reads a filesystem type as a user may spell it: a name or alias (`9p`), a constant of
 * linux/magic.h (`V9FS_MAGIC`), or its magic number in hexadecimal with 0x (1 to 8 digits).
 * The value is 0 to 0xffffffff.
 */
export function parseFilesystem(text: string): Parsed<number> {
  const known = byName.get(text) ?? byConstant.get(text);
  if (known !== undefined) return { ok: true, value: known.magic };
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return { ok: true, value: Number.parseInt(text, 16) };
  if (text === '') return refused('the filesystem is missing', 'write its name: 9p');
  const quoted = JSON.stringify(text);
  if (/^0x/i.test(text)) {
    const message = `${quoted} is not a filesystem's magic number`;
    return refused(message, 'write 0x and 1 to 8 hexadecimal digits: 0x01021997');
  }
  const magic = unmarkedMagic(text);
  if (magic !== undefined) {
    const written = Number.parseInt(text, 16) === magic ? `0x${text}` : hexOf(magic);
    const name = nameOf(magic);
    const suggestion = `write ${written}${name === undefined ? '' : ` or ${name}`}`;
    return refused(`${quoted} is a magic number without 0x`, suggestion);
  }
  if (text.startsWith('fuse.')) {
    const message = `${quoted} cannot be told from other FUSE filesystems by its magic number`;
    return refused(message, 'write fuse, and a path');
  }
  const byNumber = 'write its magic number: 0x and up to 8 hexadecimal digits';
  const suggestion = didYouMean(text, FILESYSTEM_NAMES, byNumber);
  return refused(`${quoted} is not a known filesystem`, suggestion);
}
