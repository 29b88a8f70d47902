/* call_table.h - every system call that a policy can have stopped, in each ABI that this machine
 * runs. Rule: what is not in the table is never stopped, so it is never wrong. */
#ifndef SPOOF_CALL_TABLE_H
#define SPOOF_CALL_TABLE_H

#include <stddef.h>
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
    TASK_CHANGE_ROOT, /* to another root or namespace */
    TASK_CLONE,       /* its first argument holds the flags */
    TASK_CLONE3,      /* its first argument points at them */

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

#define TASK_COUNT ((size_t)TASK_LLISTXATTR + 1)

/* A child that no tracer sees would get ENOSYS for every stopped call (seccomp(2), RET_TRACE). */
#define CALLS_OF_TRACER (1U << 31)
/* Until somebody makes one of these every program surely has the root that its tree began with. A
 * new program with namespaces of its own (clone(2)) is found out when it is looked at first. */
#define CALLS_CHANGING_ROOT (1U << 30)

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
/* Which argument of a call is its path; where that is 1 a directory comes before it. */
int known_call_path(const struct known_call *known);
/* The place of a call among known_calls(), for what is written down and read elsewhere; UINT32_MAX
 * if it is none of them. */
uint32_t known_call_index(uint32_t arch, int32_t number);
/* The name of the call at that place. */
const char *known_call_name(uint32_t index);

#endif
