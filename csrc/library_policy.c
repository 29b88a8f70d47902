/* library_policy.c - the part of libseccomp_spoof.so that looks into a policy: the matchers and
 * rewriters that the supervisor runs.
 * Rule: a blob from outside is copied and checked before anything is asked of it. */
#include "library.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content/generate.h"
#include "content/mount_table.h"
#include "inline/agent.h"
#include "policy/blob.h"
#include "policy/match.h"

/* Buffers from JavaScript need not be aligned: copies the blob to memory that is. */
static uint8_t *aligned_copy(const uint8_t *blob, uint64_t length) {
    if (!blob || length < sizeof(struct blob_header) || length > BLOB_MAX_LENGTH)
        return NULL;
    uint8_t *copy = malloc(length ? length : 1);
    if (copy)
        memcpy(copy, blob, length);
    return copy;
}

int32_t spoof_policy_check(const uint8_t *blob, uint64_t length, char *why, uint64_t capacity) {
    uint8_t *copy = aligned_copy(blob, length);
    const char *fault = copy ? blob_check(copy, length) : "its length is wrong";
    free(copy);
    if (!fault)
        return 0;
    give_text(why, capacity, fault);
    return -EINVAL;
}

/* A copy of a blob that is sound, or NULL. */
static uint8_t *checked_copy(const uint8_t *blob, uint64_t length) {
    uint8_t *copy = aligned_copy(blob, length);
    if (copy && blob_check(copy, length) == NULL)
        return copy;
    free(copy);
    return NULL;
}

int32_t spoof_policy_calls(const uint8_t *blob, uint64_t length) {
    uint8_t *copy = checked_copy(blob, length);
    int32_t calls = copy ? (int32_t)blob_header(copy)->calls : -EINVAL;
    free(copy);
    return calls;
}

int32_t spoof_policy_inline(const uint8_t *blob, uint64_t length, char *why, uint64_t capacity) {
    uint8_t *copy = checked_copy(blob, length);
    if (!copy)
        return -EINVAL;
    const char *missing = agent_missing(AGENT_BELOW_NOTIFY, true);
    const char *refusal = missing ? missing : agent_refusal(copy);
    free(copy);
    if (!refusal)
        return (int32_t)CALLS_BEFORE_AGENT;
    give_text(why, capacity, refusal);
    return -EOPNOTSUPP;
}

int32_t spoof_match_statfs(const uint8_t *blob, uint64_t length, uint64_t type, const char *path,
                           struct spoof_statfs_match *match) {
    uint8_t *copy = checked_copy(blob, length);
    uint32_t number = 0;
    if (!copy)
        return -EINVAL;
    memset(match, 0, sizeof *match);
    match->rule = -1;
    if (match_statfs(copy, type, path, &number) == MATCH_FOUND) {
        const struct blob_rule *rules = blob_at(copy, blob_header(copy)->rules.offset);
        match->rule = (int32_t)number;
        match->answer_mask = rules[number].answer_mask;
        memcpy(match->answer, rules[number].answer, sizeof match->answer);
    }
    free(copy);
    return 0;
}

int32_t spoof_match_mounts(const uint8_t *blob, uint64_t length, const char *fstype,
                           const char *point, const char *program) {
    uint8_t *copy = checked_copy(blob, length);
    uint32_t number = 0;
    if (!copy)
        return -EINVAL;
    bool held = match_mounts(copy, fstype, point, program, &number);
    free(copy);
    return held ? (int32_t)number : -1;
}

int32_t spoof_match_file(const uint8_t *blob, uint64_t length, const char *path,
                         const char *program) {
    uint8_t *copy = checked_copy(blob, length);
    uint32_t number = 0;
    if (!copy)
        return -EINVAL;
    bool held = path && match_file(copy, path, program, &number);
    free(copy);
    return held ? (int32_t)number : -1;
}

int64_t spoof_rewrite_table(const uint8_t *blob, uint64_t length, uint32_t table,
                            const char *program, const uint8_t *text, uint64_t text_length,
                            uint8_t *out, uint64_t capacity) {
    struct table_change change;
    uint8_t *copy = checked_copy(blob, length);
    if (!copy || table > SPOOF_TABLE_FILESYSTEMS) {
        free(copy);
        return -EINVAL;
    }
    int64_t result = mount_table_rewrite(copy, (enum spoof_table)table, program, (const char *)text,
                                         text_length, &change);
    free(copy);
    if (result < 0)
        return result;
    const void *bytes = change.text ? (const void *)change.text : text;
    uint64_t total = change.text ? change.length : text_length;
    if (capacity >= total && total)
        memcpy(out, bytes, total);
    else if (capacity && capacity < total)
        result = -ENOSPC;
    free(change.text);
    return result < 0 ? result : (int64_t)total;
}

const char *spoof_generator_source(const char *name) {
    return generator_source(name);
}

int32_t spoof_rule_name(const uint8_t *blob, uint64_t length, uint32_t rule, char *name,
                        uint64_t capacity) {
    uint8_t *copy = checked_copy(blob, length);
    int32_t result = -ENOENT;
    if (copy && rule < blob_rule_count(copy))
        result = give_text(name, capacity, blob_rule_name(copy, rule));
    free(copy);
    return result;
}
