/**
 * Who else could have written a file. Its path is walked from the root on by descriptors, so that
 * what was judged is what gets opened; each directory and each link on the way counts.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  statfsSync,
  type Stats,
} from 'node:fs';

import { systemCode } from '../errors.js';

/** Names a file without opening it; Node has no name for it. */
const O_PATH = 0o10000000;
const FUSE_SUPER_MAGIC = 0x65735546;
const STICKY = 0o1000;
const FOR_OTHERS_TO_WRITE = 0o022;
const PROC_SUPER_MAGIC = 0x9fa0;
/** What an owner is shown as whom a user namespace does not know. */
const UNKNOWN_OWNER = 65534;
/** As many as the kernel follows. */
const LINKS_MAX = 40;

/** Somebody else could have written the file, or have put another one in its place. */
export class DistrustError extends Error {}

/** A path that leads to what a descriptor holds, whatever is renamed meanwhile. */
export function pathOf(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** Runs `use` with a descriptor that is closed afterwards. */
export function withFile<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Names what lies below a directory; a link as itself. */
function openBelow(directory: number, name: string): number {
  return openSync(`${pathOf(directory)}/${name}`, O_PATH | constants.O_NOFOLLOW);
}

/** Nobody of this user namespace is such an owner. */
export function isNobodyHere(uid: number): boolean {
  if (uid !== UNKNOWN_OWNER) return false;
  const ranges = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
  return !ranges.some((range) => {
    const [first = 0, , count = 0] = range.trim().split(/\s+/).map(Number);
    return first <= uid && uid - first < count;
  });
}

/**
 * Who has mounted a FUSE filesystem, if it is neither root nor this user: its server says whatever it
 * likes, whose the files are, too. What has no `user_id` (virtiofs) was mounted by root.
 */
export function serverOf(fd: number): number | undefined {
  if (statfsSync(pathOf(fd)).type !== FUSE_SUPER_MAGIC) return undefined;
  const { dev } = fstatSync(fd);
  const device = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & ~0xff)}`;
  const users = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.split(' ', 3)[2] === device)
    .map((line) => Number(/\buser_id=(\d+)/.exec(line.slice(line.indexOf(' - ')))?.[1] ?? 0));
  return users.find((user) => user !== 0 && user !== process.geteuid?.());
}

/**
 * On a filesystem that is mounted for reading (the ConfigMaps of Kubernetes, say) nobody writes. Its owner
 * may have done so before.
 */
function isReadOnly(fd: number): boolean {
  try {
    accessSync(pathOf(fd), constants.W_OK);
    return false;
  } catch (error) {
    return systemCode(error) === 'EROFS';
  }
}

/**
 * Throws DistrustError if another user than root and `user` could write here. In a directory with
 * the sticky bit others can make files, but the files in it are those of their owners.
 */
function judge(fd: number, user: number): Stats {
  const info = fstatSync(fd);
  const { mode, uid } = info;
  const isStickyDirectory = info.isDirectory() && (mode & STICKY) !== 0;
  const isOpen = (mode & FOR_OTHERS_TO_WRITE) !== 0 && !info.isSymbolicLink() && !isStickyDirectory;
  const server = serverOf(fd);
  if (server !== undefined)
    throw new DistrustError(`${readlinkSync(pathOf(fd))} is served by user ${server} (FUSE)`);
  const isTheirs = uid !== 0 && uid !== user && !isNobodyHere(uid);
  if (!isTheirs && (!isOpen || isReadOnly(fd))) return info;
  const what = readlinkSync(pathOf(fd));
  throw new DistrustError(
    isTheirs
      ? `${what} belongs to user ${uid}`
      : `${what} can be written by others (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`,
  );
}

/** Judges each directory above the one that `fd` holds. */
function judgeAbove(fd: number, user: number): void {
  const { dev, ino } = fstatSync(fd);
  withFile(openBelow(fd, '..'), (above) => {
    const info = judge(above, user);
    if (info.dev !== dev || info.ino !== ino) judgeAbove(above, user);
  });
}

const partsOf = (path: string): string[] => {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return /\/\.?$/.test(path) ? [...parts, '.'] : parts;
};

/**
 * Names (O_PATH) the file of a path, with all links followed, if root and `user` alone could have put
 * it there. Throws DistrustError, or what open(2) says.
 */
export function openTrusted(path: string, user: number): number {
  const held: number[] = [];
  const hold = (fd: number): number => {
    held.push(fd);
    return fd;
  };
  const start = (directory: string): number => {
    const fd = hold(openSync(directory, O_PATH));
    judge(fd, user);
    judgeAbove(fd, user);
    return fd;
  };
  try {
    let at = start(path.startsWith('/') ? '/' : '.');
    let links = 0;
    const rest = partsOf(path);
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      const found = hold(openBelow(at, name));
      if (!fstatSync(found).isSymbolicLink()) {
        judge(found, user);
        at = found;
        continue;
      }
      links += 1;
      if (links > LINKS_MAX) throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
      if (statfsSync(pathOf(at)).type === PROC_SUPER_MAGIC) {
        // The kernel's own link leads to a file that some process holds, not to a path.
        at = hold(openSync(`${pathOf(at)}/${name}`, O_PATH));
        if (judge(at, user).isDirectory()) judgeAbove(at, user);
        continue;
      }
      judge(found, user);
      const target = readlinkSync(`${pathOf(at)}/${name}`);
      rest.unshift(...partsOf(target));
      if (target.startsWith('/')) at = start('/');
    }
    held.splice(held.indexOf(at), 1);
    return at;
  } catch (error) {
    if (existsSync('/proc/self/fd')) throw error;
    const what = 'cannot be looked at where no procfs is mounted on /proc';
    throw new Error(`${what} (mount -t proc proc /proc)`, { cause: error });
  } finally {
    held.forEach(closeSync);
  }
}
