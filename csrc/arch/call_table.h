/* call_table.h - every system call that a policy can have stopped, in each ABI that this machine
 * runs. Rule: what is not in the table is never stopped, so it is never wrong. */
#ifndef SPOOF_CALL_TABLE_H
#define SPOOF_CALL_TABLE_H

#include <fcntl.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

/* What a call writes for its caller, or how it tells numbers: each ABI has its own structures. */
enum call_layout {
    LAYOUT_NATIVE,   /* struct k_statfs, struct stat; a length is one argument */
    LAYOUT_COMPAT,   /* struct k_compat_statfs; a length has 32 bits */
    LAYOUT_COMPAT64, /* struct k_compat_statfs64 (the call says its size), struct k_compat_stat64; a
                        length is two arguments, the lower half first */
};

enum call_task {
    TASK_STATFS,
    TASK_FSTATFS,
    TASK_CREAT,   /* path */
    TASK_OPEN,    /* path, flags */
    TASK_OPENAT,  /* directory, path, flags */
    TASK_OPENAT2, /* directory, path, struct open_how, its size */
    TASK_STATMOUNT,
    TASK_UNAME,
    TASK_SYSINFO,
    TASK_CHANGE_ROOT, /* to another root or namespace */
    TASK_RESTRICT,    /* by Landlock */
    TASK_PRCTL,       /* its first argument says what */
    TASK_CLONE,       /* its first argument holds the flags */
    TASK_CLONE3,      /* its first argument points at them */
    TASK_SECCOMP,     /* operation, flags, program */
    TASK_SIGACTION,   /* signal, what is to be done, what was */

    /* From here on: of a path, told or (truncate) changed. */
    TASK_STAT,       /* path, structure */
    TASK_LSTAT,      /* path, structure */
    TASK_FSTATAT,    /* directory, path, structure, flags */
    TASK_STATX,      /* directory, path, flags, mask, structure */
    TASK_ACCESS,     /* path, mode */
    TASK_FACCESSAT,  /* directory, path, mode */
    TASK_FACCESSAT2, /* directory, path, mode, flags */
    TASK_READLINK,   /* path, text, its size */
    TASK_READLINKAT, /* directory, path, text, its size */
    TASK_TRUNCATE,   /* path, length */
    TASK_GETXATTR,   /* path, name, value, its size */
    TASK_LGETXATTR,
    TASK_LISTXATTR, /* path, list, its size */
    TASK_LLISTXATTR,
};

/* An open with one of these flags is never a table that somebody reads, so a policy without files
 * rules (SPOOF_CALLS_PATHS) does not stop it. Those of openat2(2) lie where no filter looks. */
#define OPEN_NEVER_A_TABLE (O_ACCMODE | O_DIRECTORY | O_PATH)

#define TASK_COUNT ((size_t)TASK_LLISTXATTR + 1)

/* A child that no tracer sees would get ENOSYS for every stopped call (seccomp(2), RET_TRACE); and
 * a filter of a program's own may forbid what we have the program do. */
#define CALLS_OF_TRACER (1U << 31)
/* Until somebody makes one of these every program surely has the root that its tree began with. A
 * new program with namespaces of its own (clone(2)) is found out when it is looked at first; but a
 * new thread may execute one, which has the id of the first thread then. */
#define CALLS_CHANGING_ROOT (1U << 30)

/* Who has made one of these may open less than its credentials say, or becomes the parent of others
 * that may. Of prctl(2): PR_SET_CHILD_SUBREAPER. */
#define CALLS_RESTRICTING (1U << 29)

/* What installs a filter of a program's own: seccomp(2), and prctl(2), PR_SET_SECCOMP. */
#define CALLS_ADDING_FILTERS (1U << 28)

/* What traced programs that answer calls by themselves must not do unseen: rt_sigaction(2) of the
 * signals by which a C library ends threads. */
#define CALLS_OF_AGENT (1U << 27)
#define FIRST_THREAD_SIGNAL 32
#define LAST_THREAD_SIGNAL 33

/* Numbers of x32 have this bit too (__X32_SYSCALL_BIT). Whether the kernel has x32 is not known, so
 * its programs are told nothing: a call that writes fails where a rule holds, others are let run.
 */
#define CALL_OF_X32 0x40000000

struct known_call {
    const char *name;
    uint32_t arch;  /* AUDIT_ARCH_* */
    uint32_t group; /* SPOOF_CALLS_*, or CALLS_OF_* */
    int32_t number;
    enum call_task task;
    enum call_layout layout;
};

/* All of them; those of one architecture follow one another, our own come first. */
const struct known_call *known_calls(size_t *count);
/* The call with this number, or NULL. */
const struct known_call *known_call(uint32_t arch, int32_t number);
/* May the agent (csrc/inline) answer this call, or let it run, where a policy has these groups
 * stopped? NULL: no. */
bool known_call_is_of_agent(const struct known_call *known, uint32_t groups);
/* Which argument of a call is its path; where that is 1 a directory comes before it. */
int known_call_path(const struct known_call *known);
/* The place of a call among known_calls(), for what is written down and read elsewhere; UINT32_MAX
 * if it is none of them. */
uint32_t known_call_index(uint32_t arch, int32_t number);
/* The name of the call at that place. */
const char *known_call_name(uint32_t index);

#endif
