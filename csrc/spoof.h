/* spoof.h - the ABI that TypeScript sees: libseccomp_spoof.so, bound by src/native/library.ts.
 * Only stdint types, no ownership across the border but the builder; every function is safe to
 * call from one thread at a time and reports failure as -errno (or NULL with errno set). */
#ifndef SECCOMP_SPOOF_H
#define SECCOMP_SPOOF_H

#include <stdint.h>

#define SPOOF_ABI_VERSION 1
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

struct spoof_builder;

SPOOF_EXPORT uint32_t spoof_abi_version(void);

/* ---- compile a policy: TypeScript has checked and merged it; the builder makes the blob. ---- */

/* A new, empty builder, or NULL (ENOMEM). Free it with spoof_builder_free(). */
SPOOF_EXPORT struct spoof_builder *spoof_builder_new(void);
SPOOF_EXPORT void spoof_builder_free(struct spoof_builder *builder);

/* Starts a statfs rule; the calls below then speak of it. `name` is how logs and statistics call
 * it (1 to 200 bytes). Rules are added most important first: where two rules are equally specific
 * the one added first wins. */
SPOOF_EXPORT int32_t spoof_builder_statfs(struct spoof_builder *builder, const char *name);
/* The rule holds for this filesystem type (a statfs f_type). May be repeated: any of them. */
SPOOF_EXPORT int32_t spoof_builder_when_type(struct spoof_builder *builder, uint64_t type);
/* The rule holds for paths that this glob matches. May be repeated: any of them. The glob is
 * absolute and knows `*`, `**`, `?` and `\` before a special character. -EINVAL if it is not. */
SPOOF_EXPORT int32_t spoof_builder_when_path(struct spoof_builder *builder, const char *glob);
/* Exceptions: the rule does not hold for this type, or for paths that this glob matches. */
SPOOF_EXPORT int32_t spoof_builder_except_type(struct spoof_builder *builder, uint64_t type);
SPOOF_EXPORT int32_t spoof_builder_except_path(struct spoof_builder *builder, const char *glob);
/* What the rule answers: `field` is an enum spoof_statfs_field. */
SPOOF_EXPORT int32_t spoof_builder_answer(struct spoof_builder *builder, uint32_t field,
                                          uint64_t value);
/* Ends the work: writes the blob to `out` and returns its length in bytes. With capacity 0 only
 * the length is returned; -ENOSPC if capacity is too small; -E2BIG over 16 MiB. */
SPOOF_EXPORT int64_t spoof_builder_finish(struct spoof_builder *builder, uint8_t *out,
                                          uint64_t capacity);

/* ---- look into a policy ---- */

/* 0 if this is a blob that this library can use, else -EINVAL with the reason in `why`. */
SPOOF_EXPORT int32_t spoof_policy_check(const uint8_t *blob, uint64_t length, char *why,
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

/* Name of rule `rule` (as given to spoof_builder_statfs) into `name`; its length, or -ENOENT. */
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
    uint64_t reserved[8];
};
/* Reads the counters of a segment. 0 or -errno (-EINVAL: not a segment of this version). */
SPOOF_EXPORT int32_t spoof_segment_counters(int32_t segment_fd, struct spoof_counters *counters);
/* How often rule `rule` answered. -ENOENT beyond the rules that are counted one by one (1024). */
SPOOF_EXPORT int64_t spoof_segment_rule_hits(int32_t segment_fd, uint32_t rule);
/* How often a call was let run for reason `reason`; *name is set to its static name.
 * -ENOENT behind the last one. */
SPOOF_EXPORT int64_t spoof_segment_fallback(int32_t segment_fd, uint32_t reason, char *name,
                                            uint64_t capacity);

#endif
