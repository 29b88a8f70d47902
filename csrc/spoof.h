/* spoof.h - the ABI that TypeScript sees: libseccomp_spoof.so, bound by src/native/library.ts.
 * Only stdint types, no ownership across the border but the builder; every function is safe to
 * call from one thread at a time and reports failure as -errno (or NULL with errno set). */
#ifndef SECCOMP_SPOOF_H
#define SECCOMP_SPOOF_H

#include <stdint.h>

#define SPOOF_ABI_VERSION 4
#define SPOOF_EXPORT __attribute__((visibility("default")))

/* What a statfs rule may replace in the answer; the values are the field numbers of
 * spoof_builder_answer(). */
enum spoof_statfs_field {
    SPOOF_FIELD_TYPE = 0,
    SPOOF_FIELD_BLOCKS = 1,
    SPOOF_FIELD_BFREE = 2,
    SPOOF_FIELD_BAVAIL = 3,
    SPOOF_FIELD_FILES = 4,
    SPOOF_FIELD_FFREE = 5,
    SPOOF_FIELD_NAMELEN = 6,
    SPOOF_FIELD_FLAGS = 7,
    SPOOF_FIELD_COUNT = 8,
};

/* What a sysinfo rule may replace, in bytes. */
enum spoof_sysinfo_field {
    SPOOF_SYSINFO_TOTALRAM = 0,
    SPOOF_SYSINFO_FREERAM = 1,
    SPOOF_SYSINFO_TOTALSWAP = 2,
    SPOOF_SYSINFO_FREESWAP = 3,
    SPOOF_SYSINFO_COUNT = 4,
};

enum spoof_uname_field { SPOOF_UNAME_RELEASE = 0, SPOOF_UNAME_VERSION = 1, SPOOF_UNAME_COUNT = 2 };

/* What a file rule does with the files that it names. */
enum spoof_file_kind {
    SPOOF_FILE_REDIRECT = 0,  /* another file is opened, or what lies in another tree */
    SPOOF_FILE_CONTENT = 1,   /* a file that does not exist elsewhere */
    SPOOF_FILE_REWRITE = 2,   /* the real file with changed lines */
    SPOOF_FILE_GENERATED = 3, /* content that depends on the machine */
};

/* Settings of a file rule, with the value when nothing is set. */
enum spoof_file_option {
    SPOOF_FILE_WRITES = 0,     /* enum spoof_file_writes: REFUSE */
    SPOOF_FILE_MISSING = 1,    /* 1: only where the real file does not exist: 0 */
    SPOOF_FILE_PARENTS = 2,    /* 1: directories above it are invented, too: 0 */
    SPOOF_FILE_SCOPE_ALL = 3,  /* 1: also in other roots and mount namespaces: 0 */
    SPOOF_FILE_FILESYSTEM = 4, /* the f_type that fstatfs says of it; 0: the real one: 0 */
    SPOOF_FILE_MODE = 5,       /* permission bits, 0 to 07777: 0444, or 0644 if writes are taken */
    SPOOF_FILE_TREE = 6,       /* FILE_REDIRECT, 1: what lies below a path that ends in slash-** is
                                  looked for below the target; all paths of the rule end so, and
                                  have no other `**`: 0 */
    SPOOF_FILE_MAX_SIZE = 7,   /* bytes that a file that keeps writes may hold: 64 MiB */
    SPOOF_FILE_OPTION_COUNT = 8,
};
enum spoof_file_writes {
    SPOOF_WRITES_REFUSE = 0,  /* open for writing fails with EACCES */
    SPOOF_WRITES_DISCARD = 1, /* taken, and never read again */
    SPOOF_WRITES_KEEP = 2,    /* the next open reads them */
};

struct spoof_builder;

SPOOF_EXPORT uint32_t spoof_abi_version(void);

/* ---- compile a policy: TypeScript has checked and merged it; the builder makes the blob. ---- */

/* A new, empty builder, or NULL (ENOMEM). Free it with spoof_builder_free(). */
SPOOF_EXPORT struct spoof_builder *spoof_builder_new(void);
SPOOF_EXPORT void spoof_builder_free(struct spoof_builder *builder);

/* Starts a statfs rule; the calls below then speak of it. `name` is how logs and statistics call
 * it (1 to 200 bytes). Rules are added most important first: where two rules of a kind are equally
 * specific the one added first wins. All statfs rules come first, then mounts, then files, then
 * uname and sysinfo (-EINVAL otherwise); rules are numbered through all kinds in the order added.
 */
SPOOF_EXPORT int32_t spoof_builder_statfs(struct spoof_builder *builder, const char *name);
/* Starts a rule for lines of mount tables (proc_pid_mounts(5), proc_pid_mountinfo(5)). */
SPOOF_EXPORT int32_t spoof_builder_mounts(struct spoof_builder *builder, const char *name);
/* Starts a rule for files that are opened; `kind` is an enum spoof_file_kind. */
SPOOF_EXPORT int32_t spoof_builder_file(struct spoof_builder *builder, const char *name,
                                        uint32_t kind);
/* Starts a rule for uname(2). Of several the first one answers. */
SPOOF_EXPORT int32_t spoof_builder_uname(struct spoof_builder *builder, const char *name);
/* Starts a rule for sysinfo(2). Of several the first one answers. */
SPOOF_EXPORT int32_t spoof_builder_sysinfo(struct spoof_builder *builder, const char *name);
/* The rule holds for this filesystem type (a statfs f_type). May be repeated: any of them. */
SPOOF_EXPORT int32_t spoof_builder_when_type(struct spoof_builder *builder, uint64_t type);
/* mounts: the rule holds for lines with this filesystem type, a glob (`9p`, `fuse.*`) that knows
 * `*`, `?` and `\`. May be repeated: any of them. -EINVAL if it is empty or over 255 bytes. */
SPOOF_EXPORT int32_t spoof_builder_when_fstype(struct spoof_builder *builder, const char *glob);
/* The rule holds for paths that this glob matches (statfs: of the file; mounts: of the mount point;
 * files: of the file, and at least one is needed). May be repeated: any of them. The glob is
 * absolute and knows `*`, `**`, `?` and `\` before a special character. -EINVAL if it is not. */
SPOOF_EXPORT int32_t spoof_builder_when_path(struct spoof_builder *builder, const char *glob);
/* Exceptions: the rule does not hold for this type, or for paths that this glob matches. */
SPOOF_EXPORT int32_t spoof_builder_except_type(struct spoof_builder *builder, uint64_t type);
SPOOF_EXPORT int32_t spoof_builder_except_path(struct spoof_builder *builder, const char *glob);
/* mounts: ... for this filesystem type, a glob as above. */
SPOOF_EXPORT int32_t spoof_builder_except_fstype(struct spoof_builder *builder, const char *glob);
/* mounts, files: ... for programs whose file is called so: a glob of the last part of its path. */
SPOOF_EXPORT int32_t spoof_builder_except_program(struct spoof_builder *builder, const char *glob);

/* mounts: the type that the line shall name (1 to 255 bytes; no blank, no control character, no `\`
 * and no `#`, which the kernel would write as octal numbers), its magic number for statmount(2) (0:
 * unknown), and whether /proc/filesystems calls it nodev. */
SPOOF_EXPORT int32_t spoof_builder_answer_fstype(struct spoof_builder *builder, const char *fstype,
                                                 uint64_t magic, int32_t nodev);
/* mounts: the source (device) that the line shall name; the same characters. */
SPOOF_EXPORT int32_t spoof_builder_answer_source(struct spoof_builder *builder, const char *source);
/* mounts: in mountinfo, a mount without a peer group is said to be in this one (1 to 2^31-1). */
SPOOF_EXPORT int32_t spoof_builder_answer_shared(struct spoof_builder *builder, uint32_t group);
/* uname: the text of a field, at most 64 bytes; `field` is an enum spoof_uname_field. */
SPOOF_EXPORT int32_t spoof_builder_answer_uname(struct spoof_builder *builder, uint32_t field,
                                                const char *text);

/* sysinfo: the bytes of a field, at most 2^63-1; `field` is an enum spoof_sysinfo_field. */
SPOOF_EXPORT int32_t spoof_builder_answer_sysinfo(struct spoof_builder *builder, uint32_t field,
                                                  uint64_t bytes);

/* files, FILE_REDIRECT: the absolute path that is opened instead; FILE_CONTENT: what the file
 * holds (any bytes); FILE_GENERATED: the name of the generator (`zero-per-cpu`;
 * `memory-stat`, `memory-stat-v2` and `memory-max-usage` are made of another file in the same
 * directory, and keep no writes). Once a rule; at most 1 MiB. */
SPOOF_EXPORT int32_t spoof_builder_file_bytes(struct spoof_builder *builder, const uint8_t *bytes,
                                              uint64_t length);
/* files, FILE_REWRITE: in each line of the real file every match of this POSIX extended regular
 * expression (regex(7)) is replaced; `\0` to `\9` stand for what was matched, `\\` for a backslash.
 * May be repeated: one after the other. -EINVAL if the expression is none, the replacement names a
 * group that it does not have, or one of them is over 4096 bytes. A line with a NUL, or over 1 MiB,
 * is left as it is. */
SPOOF_EXPORT int32_t spoof_builder_file_rewrite(struct spoof_builder *builder, const char *pattern,
                                                const char *replacement);
/* files: a setting; `option` is an enum spoof_file_option. -EINVAL for a value that is none. */
SPOOF_EXPORT int32_t spoof_builder_file_option(struct spoof_builder *builder, uint32_t option,
                                               uint64_t value);

/* What the rule answers: `field` is an enum spoof_statfs_field. */
SPOOF_EXPORT int32_t spoof_builder_answer(struct spoof_builder *builder, uint32_t field,
                                          uint64_t value);
/* Ends the work: writes the blob to `out` and returns its length in bytes. With capacity 0 only
 * the length is returned; -ENOSPC if capacity is too small; -E2BIG over 16 MiB; -EINVAL if a files
 * rule lacks a path or what its kind needs, or has a path that no tree can have. */
SPOOF_EXPORT int64_t spoof_builder_finish(struct spoof_builder *builder, uint8_t *out,
                                          uint64_t capacity);

/* ---- look into a policy ---- */

/* 0 if this is a blob that this library can use, else -EINVAL with the reason in `why`. */
SPOOF_EXPORT int32_t spoof_policy_check(const uint8_t *blob, uint64_t length, char *why,
                                        uint64_t why_capacity);

/* Groups of calls that a policy needs to have stopped: what it costs. */
enum spoof_calls {
    SPOOF_CALLS_STATFS = 1,    /* statfs, fstatfs */
    SPOOF_CALLS_FSTATFS = 2,   /* fstatfs, of descriptors that were injected */
    SPOOF_CALLS_OPEN = 4,      /* open, openat (without PATHS: for reading alone), openat2 */
    SPOOF_CALLS_STATMOUNT = 8, /* statmount */
    SPOOF_CALLS_UNAME = 16,    /* uname */
    SPOOF_CALLS_SYSINFO = 64,  /* sysinfo */
    SPOOF_CALLS_PATHS = 32,    /* creat, stat, access, readlink, truncate and others with a path */
};
/* The groups, as bits; -EINVAL for a bad blob. */
SPOOF_EXPORT int32_t spoof_policy_calls(const uint8_t *blob, uint64_t length);
/* After how many stopped calls `start --inline auto` has a program answer statfs and fstatfs by
 * itself under this policy; -EOPNOTSUPP with the reason in `why`: never; -EINVAL for a bad blob. */
SPOOF_EXPORT int32_t spoof_policy_inline(const uint8_t *blob, uint64_t length, char *why,
                                         uint64_t why_capacity);

struct spoof_statfs_match {
    int32_t rule;         /* number of the rule in the order added, or -1: let it run */
    uint32_t answer_mask; /* bit n: field n is replaced */
    uint64_t answer[SPOOF_FIELD_COUNT];
};
/* Which rule answers a statfs of `path` (absolute, resolved; NULL: no path is known) on a
 * filesystem of `type`. Runs the matcher that the worker runs. 0, or -EINVAL for a bad blob. */
SPOOF_EXPORT int32_t spoof_match_statfs(const uint8_t *blob, uint64_t length, uint64_t type,
                                        const char *path, struct spoof_statfs_match *match);

/* The forms in which the kernel tells of mounts and filesystems. */
enum spoof_table {
    SPOOF_TABLE_MOUNTS = 0,      /* /proc/PID/mounts, /etc/mtab: fstab(5) */
    SPOOF_TABLE_MOUNTINFO = 1,   /* /proc/PID/mountinfo */
    SPOOF_TABLE_MOUNTSTATS = 2,  /* /proc/PID/mountstats */
    SPOOF_TABLE_FILESYSTEMS = 3, /* /proc/filesystems */
};
/* Rewrites a table as the supervisor does for a program (last part of its path, NULL: none that is
 * excepted): `text` to `out`. Its length in bytes (the same text if no rule holds); with capacity 0
 * only the length; -ENOSPC if capacity is too small, -ENOMEM, -EINVAL for a bad blob. */
SPOOF_EXPORT int64_t spoof_rewrite_table(const uint8_t *blob, uint64_t length, uint32_t table,
                                         const char *program, const uint8_t *text,
                                         uint64_t text_length, uint8_t *out, uint64_t capacity);
/* Number of the rule that holds for a line with this type and mount point (either may be NULL:
 * unknown, matched by no glob), or -1; -EINVAL for a bad blob. */
SPOOF_EXPORT int32_t spoof_match_mounts(const uint8_t *blob, uint64_t length, const char *fstype,
                                        const char *point, const char *program);
/* Number of the file rule for `path` (absolute, resolved), or -1; -EINVAL for a bad blob. */
SPOOF_EXPORT int32_t spoof_match_file(const uint8_t *blob, uint64_t length, const char *path,
                                      const char *program);
/* The file in the same directory that generated content is made of, by the name of the generator;
 * NULL: of none. */
SPOOF_EXPORT const char *spoof_generator_source(const char *name);

/* Name of rule `rule` (of any kind, in the order added) into `name`; its length, or -ENOENT. */
SPOOF_EXPORT int32_t spoof_rule_name(const uint8_t *blob, uint64_t length, uint32_t rule,
                                     char *name, uint64_t capacity);

/* ---- hand over to the supervisor ---- */

/* A memfd (O_CLOEXEC) that holds these bytes, sealed against any change if `seal` is not 0;
 * `name` shows in /proc/PID/fd. The descriptor, or -errno. memfd_create(2), Linux 3.17. */
SPOOF_EXPORT int32_t spoof_memfd(const char *name, const uint8_t *bytes, uint64_t length,
                                 int32_t seal);
/* A fresh statistics segment: a memfd (O_CLOEXEC) to give to `supervisor start --segment`. */
SPOOF_EXPORT int32_t spoof_segment_new(void);

/* Becomes another program: clears FD_CLOEXEC on the `keep_count` descriptors in `keep`, then
 * execve(2). `argv` and `envp` are blocks of NUL-terminated strings, one after the other, that
 * end with an empty string (an element of argv is never empty here). Returns only on failure. */
SPOOF_EXPORT int32_t spoof_exec(const char *path, const char *argv_block, const char *envp_block,
                                const int32_t *keep, uint32_t keep_count);

/* ---- statistics ---- */

struct spoof_counters {
    uint64_t stopped;       /* calls that reached a worker */
    uint64_t answered;      /* of these: answered by a rule */
    uint64_t let_run;       /* no rule names it: the kernel answered */
    uint64_t fallbacks;     /* could not be answered exactly: the kernel answered */
    uint64_t gone;          /* the tracee was gone, or its call was restarted */
    uint64_t given_up;      /* a request that killed its worker twice: the kernel answered */
    uint64_t worker_starts; /* 1 is normal, more: workers died and were replaced */
    uint64_t events_lost;   /* log events that were overwritten before they were read */
    uint64_t own_filters;   /* programs that installed a seccomp filter of their own, or tried */
    uint64_t reserved[7];
};
/* Reads the counters of a segment. 0 or -errno (-EINVAL: not a segment of this version). */
SPOOF_EXPORT int32_t spoof_segment_counters(int32_t segment_fd, struct spoof_counters *counters);
/* How often rule `rule` answered. -ENOENT beyond the rules that are counted one by one (1024). */
SPOOF_EXPORT int64_t spoof_segment_rule_hits(int32_t segment_fd, uint32_t rule);
/* How often a call was let run for reason `reason`; *name is set to its static name.
 * -ENOENT behind the last one. */
SPOOF_EXPORT int64_t spoof_segment_fallback(int32_t segment_fd, uint32_t reason, char *name,
                                            uint64_t capacity);
/* The same of what became of programs that were to answer calls by themselves. */
SPOOF_EXPORT int64_t spoof_segment_inline(int32_t segment_fd, uint32_t outcome, char *name,
                                          uint64_t capacity);

#endif
