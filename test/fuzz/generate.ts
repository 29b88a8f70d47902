// Random programs of system calls, as test/fuzz/run.c reads them. Rule: whatever two native runs could
// answer differently (times, ids of processes, what waits) is not generated.
import { Random } from '../support/random.js';

export interface Program {
  readonly name: string;
  readonly lines: readonly string[];
}

/** `$` stands for the place of all programs; its length is the same in each run. */
const lies = ['content', 'rewritten', 'redirected', 'tree/leaf', 'absent', 'kept'].flatMap(
  (name) => [`$/lie/${name}`, `lies/${name}`, `../../lie/./${name}`],
);
const refused = /lie[s]?\/(?:\.\/)?(?:content|rewritten|absent)/;

const names = ['f', 'g', 'd', 'e', 's', 't', 'd/f', 'd/e', 'd/h', 'fifo', 'fifo2', 'x'];
const odd = [
  ...[
    '',
    '.',
    '..',
    '/',
    './f',
    'f/',
    'd/',
    'd//f',
    'd/../f',
    't/f',
    't/../f',
    'loop',
    'loop/f',
    'f/x',
  ],
  ...[
    'x/y',
    's/',
    '\\xff\\xfe\\x80',
    '\\r255;',
    '\\r256;',
    '\\r4095;',
    '\\r4096;',
    'd/\\r4000;',
    '\\r5000;',
  ],
  ...[
    '/proc/self/fd/3',
    '/proc/self/fd/4',
    '/proc/self/cwd/f',
    '/proc/self/root',
    '/proc/thread-self/cwd',
  ],
  ...['/dev/null', '/dev/zero', '/proc/self/cwd', '/proc/self/fd/99', '/proc/sys/kernel/ostype'],
];

/** What a program that mounts begins with: others must not see it. */
export const mounting = ['unshare 0x20000', "mount 'none' '/' null 0x44000 null"];

class Generator {
  readonly #random: Random;
  readonly #own: string;
  /** About what a rule tells: calls that are not stopped would see something else. */
  readonly #lying: boolean;
  /** In a mount namespace of its own. */
  readonly #mounting: boolean;

  constructor(random: Random, own: string) {
    this.#random = random;
    this.#own = own;
    this.#lying = random.once(3);
    this.#mounting = !this.#lying && random.once(8);
  }

  program(name: string, most: number): Program {
    const lines: string[] = this.#mounting ? [...mounting] : [];
    const count = 4 + this.#random.below(most - 3);
    while (lines.length < count) lines.push(this.#line(count - lines.length));
    return { name, lines };
  }

  #number(...from: readonly number[]): string {
    return String(this.#random.pick(from));
  }

  #flags(from: readonly number[], odd: number): string {
    let flags = 0;
    for (let i = this.#random.below(3); i > 0; i--) flags |= this.#random.pick(from);
    return this.#random.once(25) ? `0x${odd.toString(16)}` : `0x${(flags >>> 0).toString(16)}`;
  }

  #placed(word: string): string {
    const where = this.#random.below(60);
    if (where === 0) return 'bad';
    if (where === 1) return 'null';
    return word + (where < 5 ? '@end' : where < 7 ? '@cut' : '');
  }

  #plain(): string {
    const r = this.#random;
    const path = r.once(5) ? r.pick(odd) : r.pick(names);
    return r.once(8) && !/^\/|^\\|^$/.test(path) ? `${this.#own}/${path}` : path;
  }

  #path(): string {
    return this.#placed(`'${this.#plain()}'`);
  }

  /** No FIFO, which `creat` waits at, and no other name for one; nothing that other programs have, too. */
  #still(): string {
    const path = this.#path();
    return /fifo|^'(?:\/[^']*|\.\.)'/.test(path.replace(this.#own, '')) ? "'f'" : path;
  }

  /** For calls that are stopped. */
  #told(): string {
    const r = this.#random;
    return this.#lying && r.once(2) ? this.#placed(`'${r.pick(lies)}'`) : this.#path();
  }

  #buffer(size: number): string {
    const r = this.#random;
    const word = this.#placed(`buffer:${size}`);
    return word.startsWith('b') && r.once(30) && word !== 'bad' ? `buffer:${size}@fixed` : word;
  }

  #descriptor(): string {
    return this.#number(3, 3, 3, 4, 4, 5, 6, 7, 0, -1, 99);
  }

  #directory(): string {
    return this.#number(-100, -100, -100, 3, 4, 5, -1, 99, 0, 2);
  }

  /** Opens that wait for somebody are not made. */
  #open(path: string): string {
    const access = [0, 0, 0, 1, 2, 2, 3];
    const more = [
      0o100, 0o200, 0o1000, 0o2000, 0o4000, 0o200000, 0o400000, 0o2000000, 0o10000000, 0o1000000,
      0o20200000,
    ];
    const r = this.#random;
    let flags = r.pick(access);
    for (let i = r.below(4); i > 0; i--) flags |= r.pick(more);
    if (r.once(40)) flags = r.pick([-1, 0x40000000, 0o20000000, 0o4010000]);
    if (path.includes('lie')) {
      // Not what limits.md says of files that rules make: O_PATH and its like, and writing to what refuses it.
      flags &=
        0o2000000 | 0o400000 | 0o4000 | (refused.test(path) || path.includes('absent') ? 0 : 3);
      if ((flags & 3) === 3) flags &= ~3;
    }
    return `0x${((flags | 0o4000) >>> 0).toString(16)}`;
  }

  #mode(): string {
    return this.#random.pick(['0644', '0600', '0777', '0', '07777', '0200', '-1']);
  }

  #access(path: string): string {
    return refused.test(path) ? this.#number(0, 4) : this.#number(0, 4, 2, 6, 1, 7, 8, -1);
  }

  #asks(): string {
    const r = this.#random;
    const path = this.#told();
    const at = this.#directory();
    const size = r.pick([1, 4, 16, 64, 4096, 0]);
    return r.pick([
      () => `stat ${path} ${this.#buffer(144)}`,
      () => `lstat ${path} ${this.#buffer(144)}`,
      () =>
        `newfstatat ${at} ${path} ${this.#buffer(144)} ${this.#flags([0x100, 0x800, 0x1000], 0x80000000)}`,
      () =>
        `statx ${at} ${path} ${this.#flags([0x100, 0x1000, 0x2000, 0x4000], 0x6000)} ${r.pick(['0x7ff', '0xfff', '0', '0x80000000', '0x17ff'])} ${this.#buffer(256)}`,
      () => `statfs ${path} ${this.#buffer(120)}`,
      () => `fstat ${this.#descriptor()} ${this.#buffer(144)}`,
      () => `fstatfs ${this.#descriptor()} ${this.#buffer(120)}`,
      () => `readlink ${path} ${this.#buffer(size)} ${size}`,
      () => `readlinkat ${at} ${path} ${this.#buffer(size)} ${size}`,
      () => `access ${path} ${this.#access(path)}`,
      () => `faccessat ${at} ${path} ${this.#access(path)}`,
      () =>
        `faccessat2 ${at} ${path} ${this.#access(path)} ${this.#flags([0x100, 0x200, 0x1000], 0x4000)}`,
      () => `getxattr ${path} ${this.#placed(`'user.x'`)} ${this.#buffer(size)} ${size}`,
      () => `lgetxattr ${path} 'user.x' ${this.#buffer(size)} ${size}`,
      () => `fgetxattr ${this.#descriptor()} 'user.x' ${this.#buffer(size)} ${size}`,
      () => `listxattr ${path} ${this.#buffer(size)} ${size}`,
      () => `llistxattr ${path} ${this.#buffer(size)} ${size}`,
      () => `uname ${this.#buffer(390)}`,
      () => `sysinfo ${this.#buffer(112)}`,
      () => `table '/proc/self/${r.pick(['mounts', 'mountinfo'])}'`,
    ])();
  }

  #opens(): string {
    const r = this.#random;
    const path = this.#told();
    const at = this.#directory();
    const flags = this.#open(path);
    const mode = this.#mode();
    const resolve = path.includes('lie')
      ? '0'
      : r.pick(['0', '0', '1', '2', '4', '8', '16', '64', '-1']);
    const size = r.pick([24, 24, 24, 24, 24, 0, 16, 32, 4096]);
    return r.pick([
      () => `open ${path} ${flags} ${mode}`,
      () => `open ${path} ${flags} ${mode}`,
      () => `openat ${at} ${path} ${flags} ${mode}`,
      () => `openat ${at} ${path} ${flags} ${mode}`,
      () =>
        `openat2 ${at} ${path} ${this.#placed(`how:${flags},${r.pick(['0', '0', mode])},${resolve},${size}`)} ${size}`,
      () => `creat ${this.#still()} ${mode}`,
    ])();
  }

  #changes(): string {
    const r = this.#random;
    const [one, two] = [this.#still(), this.#still()];
    const length = this.#number(0, 1, 5, 4096, 100000, -1);
    return r.pick([
      () => `rename ${one} ${two}`,
      () =>
        `renameat2 ${this.#directory()} ${one} ${this.#directory()} ${two} ${this.#number(0, 1, 2, 8)}`,
      () => `unlink ${one}`,
      () => `unlinkat ${this.#directory()} ${one} ${this.#number(0, 0x200, 1)}`,
      () => `rmdir ${one}`,
      () => `symlink ${one} ${two}`,
      () => `link ${one} ${two}`,
      () =>
        `linkat ${this.#directory()} ${one} ${this.#directory()} ${two} ${this.#number(0, 0x400, 0x1000, 1)}`,
      () => `mkdir ${one} ${this.#mode()}`,
      () =>
        r.once(3)
          ? `mknod 'fifo2' ${r.pick(['010644', '010600'])} 0`
          : `mknod ${one} ${r.pick(['0100644', '0644', '0140600', '020666', '060600', '0'])} ${r.pick(['0x103', '0x105', '0'])}`,
      () => `mkdirat ${this.#directory()} ${one} ${this.#mode()}`,
      () => `chmod ${one} ${this.#mode()}`,
      () =>
        `setxattr ${one} 'user.x' 'value' ${this.#number(0, 1, 5, 100000)} ${this.#number(0, 1, 2)}`,
      () => `removexattr ${one} 'user.x'`,
      () => `truncate ${one} ${length}`,
      () => `ftruncate ${this.#descriptor()} ${length}`,
      () => `umask ${this.#number(0, 0o22, 0o77, 0o777)}`,
    ])();
  }

  #descriptors(): string {
    const r = this.#random;
    const [one, two] = [this.#descriptor(), this.#descriptor()];
    const size = r.pick([1, 16, 100, 4096]);
    return r.pick([
      () => `dup ${one}`,
      () => `dup2 ${one} ${two}`,
      () => `dup3 ${one} ${two} ${this.#number(0, 0o2000000, 1)}`,
      () => `fcntl ${one} ${this.#number(0, 1030)} ${this.#number(0, 3, 10, 700)}`,
      () => `fcntl ${one} ${this.#number(1, 3)} 0`,
      () => `fcntl ${one} 2 ${this.#number(0, 1)}`,
      () => `close ${one}`,
      () => `close_range ${one} 800 ${this.#number(0, 4)}`,
      () => `read ${one} ${this.#buffer(size)} ${size}`,
      () => `pread64 ${one} ${this.#buffer(size)} ${size} ${this.#number(0, 1, 7)}`,
      () => `write ${one} ${this.#placed(`'written by it'`)} ${this.#number(0, 1, 13)}`,
      () => `lseek ${one} ${this.#number(0, 1, 5)} ${this.#number(0, 1, 2)}`,
      () => `getdents64 ${one} ${this.#buffer(4096)} 4096`,
      () => `pipe2 ${this.#buffer(8)} 0x${(0o4000 | (r.once(2) ? 0o2000000 : 0)).toString(16)}`,
      () => `chdir ${this.#path()}`,
      () => `fchdir ${one}`,
      () => `getcwd ${this.#buffer(300)} 300`,
    ])();
  }

  #kinds(left: number): string {
    const r = this.#random;
    const some = 1 + r.below(Math.min(8, left));
    const id = this.#number(0, 1000, 1000, 65534, -1);
    return r.pick([
      () => `fork ${some}`,
      () => `exec ${some}`,
      () => `thread ${some}`,
      () => `vfork ${some}`,
      () =>
        `clone3 ${r.pick(['0', '0', '0x4100', '0x4000', '0x200', '0x400', '0x600', '0x800000', '0x804100', '0x100000000', '0x80000000000'])} ${r.pick([88, 88, 88, 64, 80, 0, 63, 96, 4096])} ${some}`,
      () =>
        `clone ${r.pick(['0x4100', '0x4100', '0x100', '0x4400', '0x4200', '0x4500', '0x4700', '0x4f00', '0x800000', '0x200', '0x400'])} ${some}`,
      () =>
        `clone ${this.#lying ? '0x4100' : r.pick(['0x10000000', '0x20000', '0x20000000', '0x10020000', '0x4000000', '0x8000000'])} ${some}`,
      () => `timer ${r.pick(['3000', '5000', '20000', '0'])} ${this.#number(0, 1, 1)}`,
      () =>
        `timer ${r.pick(['3000', '20000'])} ${this.#number(0, 1, 1)} ${this.#number(12, 23, 29, 26, 40)}`,
      () => `signal ${this.#number(10, 1, 15, 28, 34, 64, 18, 11, 9)} ${this.#number(0, 1, 2, 3)}`,
      () => `raise ${this.#number(10, 10, 1, 15, 28, 34, 64, 18, 0, 65)}`,
      () => `limit ${this.#number(7, 7, 1)} ${this.#number(0, 3, 4, 5, 8, 100)}`,
      // Of each process, not of all that a user has: others would count, too.
      () => `limit ${this.#number(4, 8, 12, 13)} ${this.#number(0, 1, 4096)}`,
      () => `limit ${this.#number(6, 11)} 0`,
      () => `capset ${this.#capabilities()}`,
      () =>
        `forbid ${this.#number(2, 257, 4, 137, 138, 262, 332, 319, 9, 11, 72, 3, 56)} ${this.#number(1, 13, 38, 0)}`,
      () => 'drop',
      () =>
        `prctl ${r.pick(['4 0', '4 1', '38 1', '3 0', '8 1', '23 1', '24 1', '999 0', '15 null'])} 0 0 0`,
      () =>
        this.#lying
          ? 'groups'
          : r.pick([
              `setuid ${id}`,
              `setgid ${id}`,
              `setresuid ${id} ${id} ${id}`,
              `setresgid ${id} ${id} ${id}`,
              `setresgid -1 ${id} -1`,
              `setresuid -1 ${id} -1`,
              `setfsuid ${id}`,
            ]),
      () => (this.#lying ? 'getuid' : `chroot ${this.#path()}`),
      () =>
        this.#lying
          ? 'geteuid'
          : `unshare ${r.pick(['0x20000', '0x10000000', '0x10020000', '0x400', '0x200', '0x20000000', '0x80000000'])}`,
      () => (this.#lying ? 'getuid' : this.#mounts()),
    ])();
  }

  /** Effective, permitted, inheritable: all, some, none; and such as the kernel refuses. */
  #capabilities(): string {
    const r = this.#random;
    const all = 0x1ffffffffffn;
    // CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, SETUID, SYS_CHROOT, SYS_PTRACE, SYS_ADMIN, SYS_RESOURCE
    const without = () => all & ~(1n << BigInt(r.pick([0, 1, 2, 3, 7, 18, 19, 21, 24])));
    const permitted = r.pick([() => all, without, without, () => 0n])();
    const effective = r.pick([permitted, permitted, permitted & without(), 0n, all]);
    const inheritable = r.pick([0n, 0n, permitted]);
    return [effective, permitted, inheritable].map((set) => `0x${set.toString(16)}`).join(' ');
  }

  #mounts(): string {
    const r = this.#random;
    const [one, two] = [this.#still(), this.#still()];
    if (!this.#mounting) return 'getuid';
    return r.pick([
      () => `mount 'inner' ${one} 'tmpfs' ${this.#number(0, 1, 2, 4, 8)} null`,
      () => `mount ${one} ${two} null 0x1000 null`,
      () => `mount 'inner' ${one} 'proc' 0 null`,
      () => `mount null ${one} null 0x1021 null`,
      () => `umount2 ${one} ${this.#number(0, 2, 8)}`,
    ])();
  }

  #line(left: number): string {
    const kind = this.#random.below(20);
    if (kind < 7) return this.#asks();
    if (kind < 12) return this.#opens();
    if (kind < 14) return this.#changes();
    if (kind < 18) return this.#mounting && kind === 17 ? this.#mounts() : this.#descriptors();
    return this.#kinds(left);
  }
}

/** Calls of a program, at most, if nobody says otherwise. */
export const LINES = 23;

/** Programs of one seed; their names say where they run, so the same number is the same program. */
export function generate(
  seed: number,
  count: number,
  place: string,
  most = LINES,
): readonly Program[] {
  return Array.from({ length: count }, (_, i) => {
    const random = new Random((seed + Math.imul(i, 0x9e3779b1)) >>> 0);
    const program = new Generator(random, `${place}/p/${i}`).program(String(i), most);
    return { name: program.name, lines: program.lines.map((line) => line.replaceAll('$', place)) };
  });
}
