// Which errors each call of the supervisor can really have, after its manual page and, where that does
// not say enough, the kernel's source. A call that is not here fails the test: the supervisor makes a
// new one.
import { constants } from 'node:os';

/** Node does not know all of them. */
const numbers = { ...constants.errno, ENOLCK: 37, ETOOMANYREFS: 109 };
export type ErrorName = keyof typeof numbers;

export const errorNumber = (name: ErrorName): number => numbers[name];

/** Errors, and why those of the manual page are left out that nothing of ours can have. */
export interface Possible {
  readonly errors: readonly ErrorName[];
  readonly not?: string;
}

const opening: Possible = {
  errors: ['EMFILE', 'ENFILE', 'ENOMEM', 'EINTR', 'EIO'],
  not: 'ENOENT, EACCES, ENOTDIR and ELOOP are what the program is told of its path; to say one that is not true is the kernel’s alone',
};
const memory: Possible = { errors: ['ENOMEM'] };
const never = (not: string): Possible => ({ errors: [], not });
const onlyMistakes = 'only a mistake of ours: EBADF, EFAULT, EINVAL';
const gone =
  'ESRCH is true only of a program that was killed, and then nothing is owed: see test/kill';

export const possible: Readonly<Record<string, Possible>> = {
  // ---- memory ----
  malloc: memory,
  calloc: memory,
  realloc: memory,
  strdup: memory,
  mmap: { errors: ['ENOMEM', 'EAGAIN', 'ENFILE'] },
  munmap: memory,

  // ---- files ----
  open: opening,
  openat: opening,
  openat_path: { ...opening, errors: ['EMFILE', 'ENFILE', 'ENOMEM'] },
  openat2: { ...opening, errors: ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EIO'] },
  openat2_nothing: memory,
  opendir: opening,
  fopen: opening,
  fdopen: memory,
  fdopendir: memory,
  readdir: { errors: ['ENOMEM', 'EIO'] },
  fgets: { errors: ['EINTR', 'ENOMEM', 'EIO'] },
  read: { errors: ['EINTR', 'EIO', 'ENOMEM'] },
  read_count: never('of an eventfd or signalfd that poll(2) has told of'),
  write_count: never('to an eventfd, whose count stays small'),
  pread: { errors: ['EINTR', 'EIO', 'ENOMEM'] },
  write: { errors: ['EINTR', 'ENOSPC', 'EIO', 'ENOMEM'] },
  pwrite: { errors: ['EINTR', 'ENOSPC', 'EIO', 'ENOMEM'] },
  close: {
    errors: ['EINTR', 'EIO', 'ENOSPC'],
    not: 'EBADF; the descriptor is closed all the same',
  },
  close_range: { errors: ['ENOMEM', 'EMFILE', 'ENOSYS'] },
  lseek: never('to a place that a file in memory can have'),
  lseek_data: { errors: ['ENXIO', 'EINVAL'] },
  fcntl_dup: { errors: ['EMFILE', 'ENOMEM'] },
  fcntl_flags: never('F_GETFL, F_GETFD and their like never fail for a descriptor that is open'),
  fcntl_seal: { errors: ['EBUSY', 'EPERM', 'EINVAL'] },
  fcntl_lease: { errors: ['EAGAIN', 'ENOMEM'] },
  flock: { errors: ['EWOULDBLOCK', 'ENOLCK', 'EINTR'] },
  dup2: { errors: ['EBUSY', 'EINTR', 'EMFILE'] },
  dup3: { errors: ['EBUSY', 'EINTR', 'EMFILE'] },
  fstat: { errors: ['ENOMEM', 'EIO'] },
  fstatat: { ...memory, not: 'of procfs and namespaces only, which lie on no disk' },
  newfstatat: { errors: ['ENOMEM', 'EIO'] },
  statx: { errors: ['ENOMEM', 'EIO'] },
  fstatfs: { errors: ['EINTR', 'EIO', 'ENOMEM'], not: 'ENOSYS is gVisor’s, for files of cgroups' },
  fstatvfs: { errors: ['EINTR', 'EIO', 'ENOMEM'] },
  statfs: { errors: ['EINTR', 'EIO', 'ENOMEM'] },
  statmount: { errors: ['ENOMEM', 'EPERM'] },
  faccessat: { errors: ['ENOMEM', 'EIO'] },
  faccessat2: { errors: ['ENOMEM', 'EIO', 'ENOSYS'] },
  readlink: { errors: ['ENOMEM', 'EIO'] },
  readlinkat: { errors: ['ENOMEM', 'EIO'] },
  ftruncate: {
    errors: ['EINTR', 'EIO'],
    not: 'EFBIG and ENOSPC are what the program is told of the file',
  },
  fchmod: { errors: ['ENOMEM', 'EIO'] },
  fchown: { errors: ['ENOMEM', 'EIO'] },
  memfd_create: { errors: ['EMFILE', 'ENFILE', 'ENOMEM'] },
  chdir: { errors: ['ENOMEM', 'EIO'] },
  fchdir: { errors: ['ENOMEM', 'EIO'] },
  getcwd: memory,
  inotify_init1: { errors: ['EMFILE', 'ENFILE', 'ENOMEM'] },
  inotify_add_watch: { errors: ['ENOMEM', 'ENOSPC'] },
  inotify_rm_watch: never(onlyMistakes),
  eventfd: { errors: ['EMFILE', 'ENFILE', 'ENOMEM'] },
  signalfd: { errors: ['EMFILE', 'ENFILE', 'ENOMEM'] },

  // ---- processes and threads ----
  fork: { errors: ['EAGAIN', 'ENOMEM'] },
  clone: { errors: ['EAGAIN', 'ENOMEM'] },
  pthread_create: { errors: ['EAGAIN'] },
  execvp: { errors: ['ENOMEM', 'EAGAIN', 'EIO', 'ETXTBSY'] },
  unshare: memory,
  setns: memory,
  setsid: never('EPERM only for who leads a group'),
  setpgid: { errors: ['EPERM'] },
  waitpid: {
    errors: ['EINTR'],
    not: 'ECHILD is true only where there is no child; the supervisor ends by it',
  },
  wait4: { errors: ['EINTR'] },
  waitid: { errors: ['EINTR'] },
  kill: never('children of ours, whose user is ours; what a parent passes on may be refused'),
  gettid: never('it cannot fail'),
  getrlimit: never(onlyMistakes),
  setrlimit: { errors: ['EPERM'] },
  prlimit: { errors: ['EPERM'] },
  getitimer: never(onlyMistakes),
  setitimer: never(onlyMistakes),
  prctl: never('names, death signals: only a mistake of ours'),
  prctl_subreaper: never(onlyMistakes),
  prctl_no_new_privs: never(onlyMistakes),
  prctl_ptracer: { errors: ['EINVAL'] },
  seccomp: { errors: ['ENOMEM', 'EBUSY', 'ESRCH', 'EMFILE', 'ENFILE'] },
  setgroups: memory,
  setfsid: memory,
  setresid: { errors: ['EAGAIN', 'ENOMEM'] },
  capget: never('a security module that forbids it does so each time: then nothing starts'),
  capset: memory,

  // ---- what is said between processes ----
  socketpair: { errors: ['EMFILE', 'ENFILE', 'ENOMEM'] },
  send: {
    errors: ['EINTR', 'ENOBUFS', 'ENOMEM'],
    not: 'EPIPE and ECONNRESET are true only where nobody hears any more',
  },
  sendmsg: { errors: ['EINTR', 'ENOBUFS', 'ENOMEM', 'ETOOMANYREFS'] },
  recv: { errors: ['EINTR', 'ENOMEM'] },
  recvmsg: { errors: ['EINTR', 'ENOMEM'] },
  getsockopt: never(onlyMistakes),
  setsockopt: never(onlyMistakes),
  poll: { errors: ['EINTR', 'ENOMEM'] },
  ppoll: { errors: ['EINTR', 'ENOMEM'] },
  futex: { errors: ['EINTR', 'EAGAIN', 'ETIMEDOUT'] },
  sigtimedwait: { errors: ['EINTR'], not: 'EAGAIN is true only when the time is over' },
  sigaction: never(onlyMistakes),
  sigprocmask: never(onlyMistakes),
  sigpending: never(onlyMistakes),
  sigqueueinfo: { errors: ['EAGAIN'] },

  // ---- what a program has ----
  process_vm_readv: {
    errors: ['ENOMEM', 'EPERM'],
    not: `EFAULT is true only where the program’s own call would fail too. ${gone}`,
  },
  process_vm_writev: { errors: ['ENOMEM', 'EPERM'], not: `EFAULT as above. ${gone}` },
  move_pages: { errors: ['ENOMEM', 'EPERM', 'EACCES'], not: gone },
  pidfd_open: { errors: ['EMFILE', 'ENFILE', 'ENOMEM', 'EINVAL'], not: gone },
  pidfd_getfd: { errors: ['EMFILE', 'ENFILE', 'EPERM'], not: `EBADF is the program’s. ${gone}` },
  pidfd_send_signal: { errors: ['EPERM'], not: gone },
  uname: never(onlyMistakes),
  sysinfo: never(onlyMistakes),

  // ---- seccomp_unotify(2) ----
  ioctl_receive: {
    errors: ['EINTR', 'ENOENT'],
    not: 'EFAULT, EINVAL: the request is always ours and zeroed',
  },
  ioctl_send: {
    errors: ['EINTR'],
    not: 'ENOENT and EINPROGRESS are true only where nothing is owed any more',
  },
  ioctl_id_valid: { errors: ['EINTR'], not: 'ENOENT as above' },
  ioctl_addfd: {
    errors: ['EINTR', 'EMFILE', 'ENOMEM', 'EBUSY'],
    not: 'ENOENT and EINPROGRESS as above',
  },
  ioctl_set_flags: { errors: ['EINVAL', 'EINTR'] },

  // ---- ptrace(2) ----
  ptrace_seize: { errors: ['EPERM'], not: gone },
  ptrace_interrupt: never(`EIO is for who is not seized. ${gone}`),
  ptrace_listen: never(gone),
  ptrace_go_on: never(gone),
  ptrace_getregs: never(gone),
  ptrace_setregs: never(gone),
  ptrace_getsiginfo: never(gone),
  ptrace_geteventmsg: never(gone),
  ptrace_setoptions: { errors: ['EPERM', 'EINVAL'] },
  ptrace_peekdata: { errors: ['EIO'] },
  ptrace_pokedata: { errors: ['EIO'] },
  ptrace_sigmask: never(gone),
  ptrace_call_info: { errors: ['EIO'], not: gone },
};
