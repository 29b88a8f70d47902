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
#define BLOB_VERSION 6U
#define BLOB_MAX_LENGTH (16U << 20)
#define BLOB_MAX_GLOB 4096U
#define BLOB_MAX_UNAME 64U /* bytes of a field of uname(2), without its NUL */

struct blob_list {
    uint32_t offset; /* of the first element, from the start of the blob */
    uint32_t count;
};

struct blob_header {
    uint32_t magic;
    uint32_t version;
    uint32_t length;
    uint32_t calls;
    struct blob_list names;    /* uint32_t offset of the name of each rule; its index is the rule's
                                  number: statfs rules, then mounts, files, uname, sysinfo */
    struct blob_list rules;    /* struct blob_rule: statfs, in the order they were added */
    struct blob_list types;    /* struct blob_type, sorted by type */
    struct blob_list any_type; /* struct blob_start: rules that name no type */
    struct blob_list mounts;   /* struct blob_mounts_rule */
    struct blob_list mounts_candidates; /* struct blob_mounts_candidate, best first */
    struct blob_list files;             /* struct blob_file_rule */
    struct blob_list file_tails;        /* struct blob_tail, sorted by text */
    struct blob_list file_any_tail;     /* struct blob_start: the last part of whose path is no
                                           plain text */
    struct blob_list file_tail_globs; /* uint32_t offsets of globs: the last parts of those, without
                                         the ones that can reach over a slash */
    struct blob_list file_trees; /* uint32_t offsets of texts, sorted: what the paths begin with
                                    that those can match; none begins with another */
    struct blob_list unames;     /* struct blob_uname_rule: the first one answers */
    struct blob_list sysinfos;   /* struct blob_sysinfo_rule: the first one answers */
    struct blob_list reserved[3];
};

/* One filesystem type and the candidates that name it. */
struct blob_type {
    uint64_t type;
    struct blob_list starts; /* struct blob_start */
};

/* How globs begin, up to the first byte that is no plain text, and the candidates with such a glob.
 * The starts of a list are sorted, each stands once, and all that a path can begin with are found
 * from the last one that is not behind the path: by `shorter`, from one to the next. */
struct blob_start {
    uint32_t text; /* offset of `length` bytes; no NUL follows */
    uint32_t length;
    uint32_t shorter; /* 1 + index in the list of the longest other one that this one begins with;
                         0: none */
    struct blob_list candidates; /* those that are `parent` last, then best first */
};

/* One way to match: a rule with at most one of its path globs. */
struct blob_candidate {
    uint32_t rule;
    uint32_t glob;   /* offset of a NUL-terminated glob, or 0: any path */
    uint32_t rank;   /* smaller is better; comparable between lists */
    uint32_t parent; /* files, 1: the glob is of a directory above what the rule names */
};

struct blob_rule {
    uint32_t answer_mask;
    uint32_t reserved;
    struct blob_list except_types; /* uint64_t */
    struct blob_list except_globs; /* uint32_t offsets of NUL-terminated globs */
    uint64_t answer[SPOOF_FIELD_COUNT];
};

/* One way to match: a rule with at most one of its types and one of its mount points. */
struct blob_mounts_candidate {
    uint32_t rule;   /* index in `mounts` */
    uint32_t fstype; /* offset of a glob, or 0: any */
    uint32_t point;  /* offset of a glob, or 0: any */
    uint32_t reserved;
};

struct blob_mounts_rule {
    struct blob_list except_fstypes, except_points, except_programs; /* uint32_t offsets of globs */
    uint64_t magic;  /* of `fstype`, or 0: unknown */
    uint32_t fstype; /* offset of the type to tell, or 0: as it is */
    uint32_t nodev;  /* 1: /proc/filesystems calls it nodev */
    uint32_t group;  /* peer group to tell, or 0: as it is */
    uint32_t source; /* offset of the source to tell, or 0: as it is */
};

/* The last part of paths, and the candidates whose globs end in it. */
struct blob_tail {
    uint32_t text;
    uint32_t reserved;
    struct blob_list starts; /* struct blob_start */
};

/* One regular expression and what takes the place of its matches; offsets of texts. */
struct blob_rewrite {
    uint32_t pattern, replacement;
};

/* Bits of blob_file_rule.flags. */
#define BLOB_FILE_MISSING 1U   /* only where the real file does not exist */
#define BLOB_FILE_PARENTS 2U   /* directories above it are invented, too */
#define BLOB_FILE_SCOPE_ALL 4U /* also in other roots and mount namespaces */
#define BLOB_FILE_TREE 8U      /* what lies below, too: match_tree_rest() */
#define BLOB_FILE_SOURCE 16U   /* generated from a file beside it, at each call */

struct blob_file_rule {
    struct blob_list except_globs, except_programs; /* uint32_t offsets of globs */
    struct blob_list bytes;    /* the path of a redirect, content, or the name of a generator; a NUL
                                  follows */
    struct blob_list rewrites; /* struct blob_rewrite, one after the other */
    uint64_t max_size;         /* SPOOF_WRITES_KEEP: bytes that it may hold */
    uint64_t filesystem;       /* the f_type that fstatfs says of it, or 0: the real one */
    uint32_t kind;             /* enum spoof_file_kind */
    uint32_t writes;           /* enum spoof_file_writes */
    uint32_t mode;             /* permission bits */
    uint32_t flags;
};

struct blob_uname_rule {
    uint32_t text[SPOOF_UNAME_COUNT]; /* offset of the text to tell, or 0: as it is */
};

struct blob_sysinfo_rule {
    uint32_t answer_mask;
    uint32_t reserved;
    uint64_t answer[SPOOF_SYSINFO_COUNT]; /* bytes */
};

/* NULL if `blob` is sound, else a constant text that says what is wrong with it. */
const char *blob_check(const uint8_t *blob, uint64_t length);

static inline const struct blob_header *blob_header(const uint8_t *blob) {
    return (const struct blob_header *)(const void *)blob;
}

static inline const void *blob_at(const uint8_t *blob, uint32_t offset) {
    return blob + offset;
}

/* Rules of all kinds. */
static inline uint32_t blob_rule_count(const uint8_t *blob) {
    return blob_header(blob)->names.count;
}

/* What a rule is called, by its number; NULL behind the last one. */
static inline const char *blob_rule_name(const uint8_t *blob, uint32_t number) {
    const uint32_t *names = blob_at(blob, blob_header(blob)->names.offset);
    return number < blob_rule_count(blob) ? blob_at(blob, names[number]) : NULL;
}

/* The number of the first rule of a kind. */
static inline uint32_t blob_first_mounts(const uint8_t *blob) {
    return blob_header(blob)->rules.count;
}

static inline uint32_t blob_first_file(const uint8_t *blob) {
    return blob_header(blob)->rules.count + blob_header(blob)->mounts.count;
}

static inline uint32_t blob_first_uname(const uint8_t *blob) {
    const struct blob_header *header = blob_header(blob);
    return header->rules.count + header->mounts.count + header->files.count;
}

/* A mounts rule by its number, which match_mounts() gave. */
static inline const struct blob_mounts_rule *blob_mounts_rule(const uint8_t *blob,
                                                              uint32_t number) {
    const struct blob_mounts_rule *rules = blob_at(blob, blob_header(blob)->mounts.offset);
    return &rules[number - blob_first_mounts(blob)];
}

/* A files rule by its number, which match_file() gave. */
static inline const struct blob_file_rule *blob_file_rule(const uint8_t *blob, uint32_t number) {
    const struct blob_file_rule *rules = blob_at(blob, blob_header(blob)->files.offset);
    return &rules[number - blob_first_file(blob)];
}

/* The rule that answers uname(2) (its number is blob_first_uname()), or NULL. */
static inline const struct blob_uname_rule *blob_uname_rule(const uint8_t *blob) {
    const struct blob_header *header = blob_header(blob);
    if (header->unames.count == 0)
        return NULL;
    return blob_at(blob, header->unames.offset);
}

static inline uint32_t blob_first_sysinfo(const uint8_t *blob) {
    return blob_first_uname(blob) + blob_header(blob)->unames.count;
}

/* The rule that answers sysinfo(2) (its number is blob_first_sysinfo()), or NULL. */
static inline const struct blob_sysinfo_rule *blob_sysinfo_rule(const uint8_t *blob) {
    const struct blob_header *header = blob_header(blob);
    return header->sysinfos.count ? blob_at(blob, header->sysinfos.offset) : NULL;
}

/* The text at an offset that may be 0: NULL. */
static inline const char *blob_text(const uint8_t *blob, uint32_t offset) {
    return offset ? blob_at(blob, offset) : NULL;
}

#endif
