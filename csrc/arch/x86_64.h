/* x86_64.h - numbers of the calls that a policy can stop, on x86_64 (also what other ABIs are told
 * apart by). Rule: a call of an ABI that is not listed here is never stopped, so it is never wrong.
 */
#ifndef SPOOF_ARCH_X86_64_H
#define SPOOF_ARCH_X86_64_H

#define ARCH_NAME "x86_64"
#define ARCH_AUDIT 0xc000003eU /* AUDIT_ARCH_X86_64, linux/audit.h */

#define NUMBER_STATFS 137
#define NUMBER_FSTATFS 138
#define NUMBER_OPEN 2
#define NUMBER_CREAT 85
#define NUMBER_OPENAT 257
#define NUMBER_OPENAT2 437
#define NUMBER_MEMFD_CREATE 319
#define NUMBER_CLOSE 3
#define NUMBER_MMAP 9
#define NUMBER_SETITIMER 38
#define NUMBER_MREMAP 25
#define NUMBER_MADVISE 28
#define NUMBER_MUNMAP 11
#define NUMBER_FCNTL 72
#define NUMBER_STAT 4
#define NUMBER_LSTAT 6
#define NUMBER_NEWFSTATAT 262
#define NUMBER_STATX 332
#define NUMBER_ACCESS 21
#define NUMBER_FACCESSAT 269
#define NUMBER_FACCESSAT2 439
#define NUMBER_READLINK 89
#define NUMBER_READLINKAT 267
#define NUMBER_TRUNCATE 76
#define NUMBER_GETXATTR 191
#define NUMBER_LGETXATTR 192
#define NUMBER_LISTXATTR 194
#define NUMBER_LLISTXATTR 195
#define NUMBER_UNAME 63
#define NUMBER_SYSINFO 99
#define NUMBER_CLONE 56
#define NUMBER_CLONE3 435
#define NUMBER_PRCTL 157
#define NUMBER_CHROOT 161
#define NUMBER_PIVOT_ROOT 155
#define NUMBER_UNSHARE 272
#define NUMBER_SETNS 308
#define NUMBER_SECCOMP 317
#define NUMBER_RT_SIGRETURN 15
#define NUMBER_RT_SIGACTION 13
#define NUMBER_RT_SIGPROCMASK 14
/* The same call of x32 (asm/unistd_x32.h): true of all above. */
#define X32(number) (CALL_OF_X32 | (number))

/* Calls can be answered inside programs: csrc/inline. */
#define ARCH_HAS_AGENT true

#define ARCH_CALL_INSTRUCTION 2U /* bytes: syscall, int 0x80 */
/* A register says whether a stop lies at the begin of a call: registers_may_begin(). */
#define ARCH_TELLS_BEGIN true

/* i386 programs, and `int 0x80` of 64-bit ones (asm/unistd_32.h). */
#define ARCH_COMPAT_AUDIT 0x40000003U /* AUDIT_ARCH_I386 */
#define COMPAT_NUMBER_CLONE 120
#define COMPAT_NUMBER_CLONE3 435
#define COMPAT_NUMBER_PRCTL 172
#define COMPAT_NUMBER_CHROOT 61
#define COMPAT_NUMBER_PIVOT_ROOT 217
#define COMPAT_NUMBER_UNSHARE 310
#define COMPAT_NUMBER_SETNS 346
#define COMPAT_NUMBER_SECCOMP 354
#define COMPAT_NUMBER_CLOSE 6
#define COMPAT_NUMBER_MMAP2 192
#define COMPAT_NUMBER_MUNMAP 91
#define COMPAT_NUMBER_FCNTL 55
#define COMPAT_NUMBER_UNAME 122 /* newuname; the two before it are not stopped */
#define COMPAT_NUMBER_SYSINFO 116
#define COMPAT_NUMBER_OPEN 5
#define COMPAT_NUMBER_CREAT 8
#define COMPAT_NUMBER_OPENAT 295
#define COMPAT_NUMBER_OPENAT2 437
/* The older oldstat, oldlstat (18, 84) and stat, lstat (106, 107) are not stopped. */
#define COMPAT_NUMBER_STAT64 195
#define COMPAT_NUMBER_LSTAT64 196
#define COMPAT_NUMBER_FSTATAT64 300
#define COMPAT_NUMBER_STATX 383
#define COMPAT_NUMBER_ACCESS 33
#define COMPAT_NUMBER_FACCESSAT 307
#define COMPAT_NUMBER_FACCESSAT2 439
#define COMPAT_NUMBER_READLINK 85
#define COMPAT_NUMBER_READLINKAT 305
#define COMPAT_NUMBER_TRUNCATE 92
#define COMPAT_NUMBER_GETXATTR 229
#define COMPAT_NUMBER_LGETXATTR 230
#define COMPAT_NUMBER_LISTXATTR 232
#define COMPAT_NUMBER_LLISTXATTR 233
#define COMPAT_NUMBER_TRUNCATE64 193
#define COMPAT_NUMBER_MEMFD_CREATE 356
#define COMPAT_NUMBER_STATFS 99
#define COMPAT_NUMBER_FSTATFS 100
#define COMPAT_NUMBER_STATFS64 268
#define COMPAT_NUMBER_FSTATFS64 269

#endif
