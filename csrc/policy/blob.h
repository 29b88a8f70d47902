/* blob.h - the compiled policy: one contiguous, position-independent block of bytes.
 * Rule: offsets from its start, never pointers; blob_check() proves every offset once, at load, so
 * that the matcher needs no further checks. */
#ifndef SPOOF_BLOB_H
#define SPOOF_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../spoof.h"

#define BLOB_MAGIC 0x50534353U /* "SCSP" */
#define BLOB_VERSION 1U
#define BLOB_MAX_LENGTH (16U << 20)
#define BLOB_MAX_GLOB 4096U

/* Groups of calls that a policy needs to have stopped; the filter is made from these bits. */
#define BLOB_CALLS_STATFS (1U << 0)
#define BLOB_CALLS_FSTATFS (1U << 1)   /* to know injected files again */
#define BLOB_CALLS_OPEN (1U << 2)      /* open, openat, openat2 */
#define BLOB_CALLS_STATMOUNT (1U << 3) /* statmount */
#define BLOB_CALLS_UNAME (1U << 4)     /* uname */
#define BLOB_CALLS_PATHS (1U << 5)     /* what else tells of a file by its path */

struct blob_list {
    uint32_t offset; /* of the first element, from the start of the blob */
    uint32_t count;
};

struct blob_header {
    uint32_t magic;
    uint32_t version;
    uint32_t length;
    uint32_t calls;
    struct blob_list rules; /* struct blob_rule, in the order they were added */
    struct blob_list types; /* struct blob_type, sorted by type */
    struct blob_list
        candidates; /* struct blob_candidate: the lists of all types, one after another */
    struct blob_list any_type;    /* struct blob_candidate: rules that name no type, best first */
    struct blob_list reserved[6]; /* the place of files:, mounts: and uname: rules */
};

/* One filesystem type and the candidates that name it, best first. */
struct blob_type {
    uint64_t type;
    struct blob_list candidates;
};

/* One way to match: a rule with at most one of its path globs. */
struct blob_candidate {
    uint32_t rule;
    uint32_t glob; /* offset of a NUL-terminated glob, or 0: any path */
    uint32_t rank; /* smaller is better; comparable between lists */
    uint32_t reserved;
};

struct blob_rule {
    uint32_t name; /* offset of a NUL-terminated name */
    uint32_t answer_mask;
    struct blob_list except_types; /* uint64_t */
    struct blob_list except_globs; /* uint32_t offsets of NUL-terminated globs */
    uint64_t answer[SPOOF_FIELD_COUNT];
};

/* NULL if `blob` is sound, else a constant text that says what is wrong with it. */
const char *blob_check(const uint8_t *blob, uint64_t length);

static inline const struct blob_header *blob_header(const uint8_t *blob) {
    return (const struct blob_header *)(const void *)blob;
}

static inline const void *blob_at(const uint8_t *blob, uint32_t offset) {
    return blob + offset;
}

#endif
