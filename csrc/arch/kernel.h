/* kernel.h - our own copies of kernel structures and numbers that system headers may lack.
 * Rule: sizes are part of the kernel's ABI; each is checked by a static assertion. */
#ifndef SPOOF_KERNEL_H
#define SPOOF_KERNEL_H

#include <stdint.h>
#include <sys/ioctl.h>

/* ---- seccomp(2), seccomp_unotify(2); linux/seccomp.h ---- */
#define K_SECCOMP_SET_MODE_FILTER 1U
#define K_SECCOMP_FILTER_FLAG_TSYNC (1UL << 0)
#define K_SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3)       /* Linux 5.0 */
#define K_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#define K_SECCOMP_RET_ALLOW 0x7fff0000U
#define K_SECCOMP_RET_USER_NOTIF 0x7fc00000U
#define K_SECCOMP_RET_TRACE 0x7ff00000U
#define K_SECCOMP_RET_LOG 0x7ffc0000U /* Linux 4.14 */
#define K_SECCOMP_RET_ACTION_FULL 0xffff0000U
#define K_SECCOMP_USER_NOTIF_FLAG_CONTINUE 1U           /* Linux 5.5 */
#define K_SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0) /* Linux 6.6 */

struct k_seccomp_data {
    int32_t nr;
    uint32_t arch;
    uint64_t instruction_pointer;
    uint64_t args[6];
};

struct k_seccomp_notif {
    uint64_t id;
    uint32_t pid;
    uint32_t flags;
    struct k_seccomp_data data;
};
_Static_assert(sizeof(struct k_seccomp_notif) == 80, "struct seccomp_notif");

struct k_seccomp_notif_resp {
    uint64_t id;
    int64_t val;
    int32_t error;
    uint32_t flags;
};
_Static_assert(sizeof(struct k_seccomp_notif_resp) == 24, "struct seccomp_notif_resp");

#define K_SECCOMP_IOCTL_NOTIF_RECV _IOWR('!', 0, struct k_seccomp_notif)
#define K_SECCOMP_IOCTL_NOTIF_SEND _IOWR('!', 1, struct k_seccomp_notif_resp)
#define K_SECCOMP_IOCTL_NOTIF_ID_VALID _IOW('!', 2, uint64_t)
/* The direction was wrong before Linux 5.8; newer kernels accept both. */
#define K_SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR _IOR('!', 2, uint64_t)
/* A descriptor for the tracee, linux/seccomp.h */
struct k_seccomp_notif_addfd {
    uint64_t id;
    uint32_t flags, srcfd, newfd, newfd_flags;
};
_Static_assert(sizeof(struct k_seccomp_notif_addfd) == 24, "struct seccomp_notif_addfd");
#define K_SECCOMP_IOCTL_NOTIF_ADDFD _IOW('!', 3, struct k_seccomp_notif_addfd) /* Linux 5.9 */
#define K_SECCOMP_ADDFD_FLAG_SEND (1U << 1)                                    /* Linux 5.14 */
#define K_SECCOMP_IOCTL_NOTIF_SET_FLAGS _IOW('!', 4, uint64_t) /* the flags go by value */

/* ---- openat2(2), Linux 5.6 ---- */
#define K_NR_OPENAT2 437
struct k_open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};
#define K_RESOLVE_NO_XDEV 0x01U
#define K_RESOLVE_NO_MAGICLINKS 0x02U
#define K_RESOLVE_NO_SYMLINKS 0x04U
#define K_RESOLVE_BENEATH 0x08U
#define K_RESOLVE_IN_ROOT 0x10U
#define K_RESOLVE_CACHED 0x20U /* Linux 5.12 */

/* ---- statx(2) ---- */
#define K_STATX_BASIC_STATS 0x7ffU
#define K_STATX_INO 0x100U
#define K_STATX_MNT_ID 0x1000U        /* Linux 5.8 */
#define K_STATX_MNT_ID_UNIQUE 0x4000U /* Linux 6.8: stx_mnt_id as statmount(2) wants it */
#define K_AT_STATX_SYNC_TYPE 0x6000   /* FORCE_SYNC and DONT_SYNC */
#define K_AT_STATX_DONT_SYNC 0x4000
#define K_STATX_ATTR_MOUNT_ROOT 0x2000U /* Linux 5.8 */
struct k_statx {
    uint32_t stx_mask, stx_blksize;
    uint64_t stx_attributes;
    uint32_t stx_nlink, stx_uid, stx_gid;
    uint16_t stx_mode, spare0;
    uint64_t stx_ino, stx_size, stx_blocks, stx_attributes_mask;
    struct {
        int64_t tv_sec;
        uint32_t tv_nsec;
        int32_t pad;
    } times[4];
    uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
    uint64_t stx_mnt_id;
    uint64_t spare[13];
};
_Static_assert(sizeof(struct k_statx) == 256, "struct statx");

/* ---- statfs(2): the kernel's own layout on 64-bit architectures (asm-generic/statfs.h),
 * which need not be libc's. ---- */
struct k_statfs {
    int64_t f_type, f_bsize;
    uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    int32_t f_fsid[2];
    int64_t f_namelen, f_frsize, f_flags, f_spare[4];
};
_Static_assert(sizeof(struct k_statfs) == 120, "struct statfs");
/* What 32-bit programs see on a 64-bit kernel, fs/statfs.c: compat_statfs and, packed to 4 bytes,
 * compat_statfs64 (arch/x86/include/asm/compat.h, arch/arm64/include/asm/compat.h). */
struct k_compat_statfs {
    uint32_t f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    int32_t f_fsid[2];
    uint32_t f_namelen, f_frsize, f_flags, f_spare[4];
};
_Static_assert(sizeof(struct k_compat_statfs) == 64, "struct compat_statfs");
struct __attribute__((packed, aligned(4))) k_compat_statfs64 {
    uint32_t f_type, f_bsize;
    uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    int32_t f_fsid[2];
    uint32_t f_namelen, f_frsize, f_flags, f_spare[4];
};
_Static_assert(sizeof(struct k_compat_statfs64) == 84, "struct compat_statfs64");
/* stat64(2) of i386 on a 64-bit kernel: asm/stat.h, without the padding that its 64-bit numbers
 * would have elsewhere. `low_inode` is what remains of the inode in 32 bits. */
struct __attribute__((packed, aligned(4))) k_compat_stat64 {
    uint64_t dev;
    uint32_t pad0, low_inode, mode, nlink, uid, gid;
    uint64_t rdev;
    uint32_t pad1;
    int64_t size;
    uint32_t blksize;
    uint64_t blocks;
    uint32_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
    uint64_t inode;
};
_Static_assert(sizeof(struct k_compat_stat64) == 96, "struct stat64 of i386");
#define K_ST_VALID 0x0020
#define K_ST_NOSYMFOLLOW 0x2000 /* Linux 5.10 */
#define K_AUTOFS_SUPER_MAGIC 0x0187
#define K_FUSE_SUPER_MAGIC 0x65735546
#define K_PROC_SUPER_MAGIC 0x9fa0
#define K_CGROUP_SUPER_MAGIC 0x27e0eb
#define K_CGROUP2_SUPER_MAGIC 0x63677270
#define K_TMPFS_MAGIC 0x01021994

/* ---- sysinfo(2): on 64-bit architectures, and as 32-bit programs see it (kernel/sys.c) ---- */
struct k_sysinfo {
    int64_t uptime;
    uint64_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad[3];
    uint64_t totalhigh, freehigh;
    uint32_t mem_unit, rest;
};
_Static_assert(sizeof(struct k_sysinfo) == 112, "struct sysinfo");
struct k_compat_sysinfo {
    int32_t uptime;
    uint32_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad;
    uint32_t totalhigh, freehigh, mem_unit;
    uint8_t rest[8];
};
_Static_assert(sizeof(struct k_compat_sysinfo) == 64, "struct compat_sysinfo");

/* ---- statmount(2), Linux 6.8; linux/mount.h ---- */
#define K_NR_STATMOUNT 457 /* on every architecture */
#define K_NR_LANDLOCK_RESTRICT_SELF 446
#define K_STATMOUNT_SB_BASIC 0x01U
#define K_STATMOUNT_MNT_BASIC 0x02U
#define K_STATMOUNT_MNT_POINT 0x10U
#define K_STATMOUNT_FS_TYPE 0x20U
#define K_STATMOUNT_FS_SUBTYPE 0x100U /* Linux 6.13 */
#define K_STATMOUNT_SB_SOURCE 0x200U  /* Linux 6.13 */
struct k_mnt_id_req {
    uint32_t size, spare;
    uint64_t mnt_id, param;
    uint64_t mnt_ns_id; /* Linux 6.11 */
};
#define K_MNT_ID_REQ_SIZE_VER0 24
_Static_assert(sizeof(struct k_mnt_id_req) == 32, "struct mnt_id_req");
struct k_statmount {
    uint32_t size, mnt_opts;
    uint64_t mask;
    uint32_t sb_dev_major, sb_dev_minor;
    uint64_t sb_magic;
    uint32_t sb_flags, fs_type; /* texts are offsets from the end of this structure */
    uint64_t mnt_id, mnt_parent_id;
    uint32_t mnt_id_old, mnt_parent_id_old;
    uint64_t mnt_attr, mnt_propagation, mnt_peer_group, mnt_master, propagate_from;
    uint32_t mnt_root, mnt_point;
    uint64_t mnt_ns_id;
    uint32_t fs_subtype, sb_source;
    uint64_t rest[48];
};
_Static_assert(sizeof(struct k_statmount) == 512, "struct statmount");

/* ---- ptrace(2) ---- */
#define K_PTRACE_GET_SYSCALL_INFO 0x420e      /* Linux 5.3 */
#define K_PTRACE_O_SUSPEND_SECCOMP (1L << 21) /* Linux 4.3, with CONFIG_CHECKPOINT_RESTORE */
#define K_NT_ARM_SYSTEM_CALL 0x404
struct k_ptrace_syscall_info {
    uint8_t op, pad[3];
    uint32_t arch;
    uint64_t instruction_pointer, stack_pointer;
    uint64_t number;  /* but for EXIT, where this is the result */
    uint64_t rest[7]; /* depends on op */
};
#define K_PTRACE_SYSCALL_INFO_ENTRY 1
#define K_PTRACE_SYSCALL_INFO_EXIT 2
#define K_PTRACE_SYSCALL_INFO_SECCOMP 3

/* ptrace(2): how a stop at a call is told from a SIGTRAP, with PTRACE_O_TRACESYSGOOD. */
#define K_CALL_STOP (SIGTRAP | 0x80)

/* Bytes of a set of signals, as system calls and ptrace(2) take it. */
#define K_SIGNAL_SET_SIZE 8U

/* ---- others ---- */
/* linux/errno.h: what programs never see, as results of calls that a signal has interrupted */
#define K_ERESTARTSYS 512
#define K_ERESTARTNOINTR 513
#define K_ERESTARTNOHAND 514
#define K_ERESTART_RESTARTBLOCK 516
#define K_KCMP_VM 1
#define K_MAP_FIXED_NOREPLACE 0x100000 /* Linux 4.17 */
#define K_MADV_POPULATE_READ 22        /* Linux 5.14 */
#define K_CLONE_VM 0x00000100U
#define K_CLONE_THREAD 0x00010000U
#define K_CLONE_NEWNS 0x00020000U
#define K_CLONE_UNTRACED 0x00800000U
#define K_CLONE_NEWCGROUP 0x02000000U
#define K_NR_PIDFD_SEND_SIGNAL 424
#define K_NR_PIDFD_OPEN 434
#define K_NR_PIDFD_GETFD 438
#define K_PIDFD_THREAD O_EXCL /* Linux 6.9, gVisor */
#define K_NR_CLOSE_RANGE 436
#define K_NR_FACCESSAT2 439 /* Linux 5.8 */
#define K_MFD_CLOEXEC 1U
#define K_MFD_ALLOW_SEALING 2U
/* Seals of files in memory, F_GET_SEALS(2const). */
#define K_F_SEAL_SEAL 1
#define K_F_SEAL_EXEC 0x20 /* Linux 6.3; where vm.memfd_noexec is set each file has it at once */

#endif
