// What a program has to say below `exec`: what it says natively, but for what the policy names. Each
// departure that is not the policy's is a sentence of docs/limits.md, which stands beside it here.
import { release } from 'node:os';
import type { Program } from './generate.js';
import { mechanismOf, told, type Way } from './ways.js';

const changes = (program: Program, pattern: RegExp): boolean =>
  program.lines.some((line) => pattern.test(line));

/** Whose rights or root are others than those that it began with. */
const becomesOther =
  /^(?:set[ugrf]|drop|capset|chroot|unshare|prctl (?:4|23|24)|groups|clone 0x[12]00|clone3 0x[26]00)/;

/** By `openat2`, whose flags no tracer can change. */
const followsNoLinks = (program: Program): boolean =>
  program.lines.some((line) => {
    const [, flags, resolve] = /^openat2 .* how:(\w+),\w+,(\w+),/.exec(line) ?? [];
    return flags !== undefined && ((Number(flags) & 0o400000) !== 0 || Number(resolve) !== 0);
  });

/** A child that asks not to be traced, by arguments that lie in memory. */
const asksForUntraced = (program: Program): boolean =>
  program.lines.some((line) => (Number(/^clone3 (\w+)/.exec(line)?.[1]) & 0x800000) !== 0);

const [major = 0, minor = 0] = release().split('.').map(Number);
const interruptsAnswers = major < 5 || (major === 5 && minor < 19);

/** Does it tell anything that is not so? */
const tellsOther = (way: Way): boolean => ['full', 'types', 'named'].includes(way.policy);

/** Both sides go through it: what cannot be told apart from here is left out. */
export function common(program: Program, way: Way, text: string): string {
  // "`trace`, `ptrace`: a child that asks not to be traced ... Of a program that cannot be read it is made untraced:
  // its stopped calls give `ENOSYS`."
  const byNotify = mechanismOf(way) === 'notify';
  // "On Linux before 5.19 while the call is answered ... an open that a rule answers may leave the program one descriptor more."
  if (byNotify && interruptsAnswers && changes(program, /^(?:timer|signal) /)) return '';
  const isUnread = way.user !== 'root' && changes(program, /^prctl 4 0/);
  if (!byNotify && isUnread && asksForUntraced(program)) return '';
  // "A real-time signal that is ignored, sent to a program of which as many signals wait as `RLIMIT_SIGPENDING` permits.
  // `EAGAIN`".
  if (!byNotify && changes(program, /^limit 11/))
    text = text.replaceAll(/^(\d+ raise +handled \d+) (?:0|-11)$/gm, '$1');
  // "A user namespace that has capabilities over its own files, or denies `setgroups`. Fallback where
  // permissions matter." "A program that cannot be read (... not dumpable), without `CAP_SYS_PTRACE`. Fallback."
  const isForeign =
    (way.user === 'namespace' && changes(program, becomesOther)) ||
    (way.user !== 'root' && changes(program, /^(?:clone|unshare) 0x100|^prctl 4 0/));
  if (way.policy === 'default' && isForeign)
    return text.replaceAll(/ type=(?:1021997|ef53) /g, ' ');
  if (!tellsOther(way)) return text;
  let left = text
    // "Inode, device, times and blocks of files with `content` or `rewrite`." "`st_nlink` of an open file
    // with `content`."
    .replaceAll(/ nlink=\d+/g, '')
    .replaceAll(/ dev=\d+/g, '')
    // "A snapshot ... a file in memory": without extended attributes, where procfs knows of none. "Extended attributes of a
    // file that only a rule makes, or that is redirected. None can be read (`ENODATA`)": tmpfs before Linux 6.6 has none of users.
    .replaceAll(/^(\d+ [fl]?getxattr) -(?:61|95) *$/gm, '$1 none');
  // "`uname:` under `notify`: another UTS namespace ... Fallback."
  if (byNotify && changes(program, /^(?:clone|unshare) 0x4000000/))
    left = left.replaceAll(/ release=\S+ version=\S+/g, '');
  const lies = program.lines.some((line) => line.includes('lie'));
  if (isForeign && lies) return '';
  // "Opens ... by another name of the file (`/proc/self/fd/N`, ...)": of memory, which may be sealed.
  if (lies && changes(program, /^(?:open|openat|openat2|creat) .*\/proc\/self\/fd\//)) return '';
  // "Programs with another user, root or fewer capabilities than the tracer ... `F_GETFL` says `O_RDWR`, and
  // writing to what is for reading gives `EPERM`, not `EBADF`; what was written ... is read by the next open."
  // "The same for `openat2` with `O_NOFOLLOW`, `RESOLVE_NO_MAGICLINKS`, ..."
  if (lies && !byNotify && (changes(program, becomesOther) || followsNoLinks(program))) return '';
  if (isForeign)
    left = left
      .replaceAll(/ type=\w+/g, '')
      .replaceAll(/^(\d+ table) .*$/gm, '$1')
      .replaceAll(/ release=\S+ version=\S+| totalram=\d+/g, '');
  // "`ptrace`: a seccomp filter of the program's own that answers a call which a rule answers, too. The
  // result is the filter's, but a buffer of the program may hold the rule's answer."
  if (way.mechanism === 'ptrace' && changes(program, /^forbid/)) {
    if (lies) return '';
    left = left.replaceAll(/^(\d+ (?:f?statfs|uname|sysinfo) \S+) .*$/gm, '$1');
  }
  // "`notify`: `linkat` with `AT_EMPTY_PATH` and a descriptor of a file that a rule tells."
  if (lies && byNotify) left = left.replaceAll(/^(\d+ linkat) .*$/gm, '$1');
  // "`F_GETFL` after an open with `O_NOFOLLOW`. It lacks that bit".
  if (lies)
    left = left.replaceAll(
      /^(\d+ fcntl) (\d+)$/gm,
      (_, call: string, flags: string) => `${call} ${Number(flags) & ~0o400000}`,
    );
  // "A snapshot. ... its link in `/proc/PID/fd` says `/memfd:`".
  if (lies && changes(program, /\/proc\/self\/fd\//))
    left = left.replaceAll(/^(\d+ readlink(?:at)?) .*$/gm, '$1');
  if (lies) {
    // The same: what is asked of the file's filesystem is told of memory.
    left = left
      .replaceAll(/^(\d+ f?statfs .*) flags=\w+ blocks=\w+/gm, '$1')
      .replaceAll(/^(\d+ f?statfs .*) id=\d+/gm, '$1');
    // "Programs with another user, root or fewer capabilities than the tracer ... another inode than `stat`
    // says".
    if (changes(program, becomesOther)) left = left.replaceAll(/ file=\d+/g, '');
    // "Owner of files with `content` where the user namespace has no root."
    if (way.user === 'namespace') left = left.replaceAll(/ [ug]id=\d+/g, '');
  }
  return left;
}

/** The native transcript, as the policy wants it told. */
export function expected(way: Way, native: string): string {
  // Of the root, in virtual machines and in gVisor.
  if (way.policy === 'default') return native.replaceAll(' type=1021997 ', ' type=ef53 ');
  if (!tellsOther(way)) return native;
  const typed = native
    .replaceAll(' type=1021994 ', ' type=ef53 ')
    .replaceAll(/^(\d+ table .*)$/gm, (line) => line.replaceAll(' tmpfs', ' ext4'));
  if (way.policy !== 'full') return typed;
  return typed
    .replaceAll(
      / release=\S+ version=\S+/g,
      ` release=${told.release} version=${told.version.replaceAll(' ', '\\x20')}`,
    )
    .replaceAll(/ totalram=\d+/g, ` totalram=${told.totalram}`);
}
