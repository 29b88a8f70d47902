/* aarch64.h - numbers of the calls that a policy can stop, on 64-bit ARM.
 * Rule: a call of an ABI that is not listed here is never stopped, so it is never wrong. */
#ifndef SPOOF_ARCH_AARCH64_H
#define SPOOF_ARCH_AARCH64_H

#define ARCH_NAME "aarch64"
#define ARCH_AUDIT 0xc00000b7U /* AUDIT_ARCH_AARCH64, linux/audit.h */

#define NUMBER_STATFS 43
#define NUMBER_FSTATFS 44
#define NUMBER_OPENAT 56
#define NUMBER_OPENAT2 437
#define NUMBER_MEMFD_CREATE 279
#define NUMBER_CLOSE 57
#define NUMBER_MMAP 222
#define NUMBER_SETITIMER 103
#define NUMBER_MREMAP 216
#define NUMBER_MADVISE 233
#define NUMBER_MUNMAP 215
#define NUMBER_FCNTL 25
#define NUMBER_NEWFSTATAT 79
#define NUMBER_STATX 291
#define NUMBER_FACCESSAT 48
#define NUMBER_FACCESSAT2 439
#define NUMBER_READLINKAT 78
#define NUMBER_TRUNCATE 45
#define NUMBER_GETXATTR 8
#define NUMBER_LGETXATTR 9
#define NUMBER_LISTXATTR 11
#define NUMBER_LLISTXATTR 12
#define NUMBER_UNAME 160
#define NUMBER_SYSINFO 179
#define NUMBER_CLONE 220
#define NUMBER_CLONE3 435
#define NUMBER_PRCTL 167
#define NUMBER_CHROOT 51
#define NUMBER_PIVOT_ROOT 41
#define NUMBER_UNSHARE 97
#define NUMBER_SETNS 268
#define NUMBER_SECCOMP 277
#define NUMBER_RT_SIGRETURN 139
#define NUMBER_RT_SIGACTION 134
#define NUMBER_RT_SIGPROCMASK 135

#define ARCH_CALL_INSTRUCTION 4U /* bytes: svc */
/* The first argument and the result share a register. */
#define ARCH_TELLS_BEGIN false

#endif
