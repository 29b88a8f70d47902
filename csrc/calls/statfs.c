/* statfs.c - what statfs(2) and fstatfs(2) answer, in every ABI.
 * Rule: CONTINUE is right whenever this gives up, because nothing was changed: the kernel then
 * reads the same arguments and gives its own answer or error (EFAULT, ENOENT, EACCES, EBADF, ...).
 */
#include <errno.h>
#include <fcntl.h>

#include "../arch/kernel.h"
#include "../policy/blob.h"
#include "../policy/match.h"
#include "../tracee/descriptor.h"
#include "../tracee/lookup.h"
#include "../tracee/stopped_call.h"
#include "handlers.h"
#include "injected.h"
#include "stand_in.h"
#include "layout.h"

static void apply(const struct blob_rule *rule, struct k_statfs *info) {
    const uint64_t *answer = rule->answer;
    uint32_t mask = rule->answer_mask;
    if (mask & 1U << SPOOF_FIELD_TYPE)
        info->f_type = (int64_t)answer[SPOOF_FIELD_TYPE];
    if (mask & 1U << SPOOF_FIELD_BLOCKS)
        info->f_blocks = answer[SPOOF_FIELD_BLOCKS];
    if (mask & 1U << SPOOF_FIELD_BFREE)
        info->f_bfree = answer[SPOOF_FIELD_BFREE];
    if (mask & 1U << SPOOF_FIELD_BAVAIL)
        info->f_bavail = answer[SPOOF_FIELD_BAVAIL];
    if (mask & 1U << SPOOF_FIELD_FILES)
        info->f_files = answer[SPOOF_FIELD_FILES];
    if (mask & 1U << SPOOF_FIELD_FFREE)
        info->f_ffree = answer[SPOOF_FIELD_FFREE];
    if (mask & 1U << SPOOF_FIELD_NAMELEN)
        info->f_namelen = (int64_t)answer[SPOOF_FIELD_NAMELEN];
    if (mask & 1U << SPOOF_FIELD_FLAGS)
        info->f_flags = (int64_t)answer[SPOOF_FIELD_FLAGS] | K_ST_VALID;
}

/* Which rule holds; asks for the path of the file only if a rule needs it. *in_doubt: it may have
 * one, which is not known. */
static bool find_rule(struct stopped_call *call, const uint8_t *policy, int fd, uint64_t type,
                      uint32_t *rule, bool *in_doubt) {
    char path[TRACEE_PATH_MAX];
    enum match_result result = match_statfs(policy, type, NULL, rule);
    if (result == MATCH_NEEDS_PATH) {
        /* What has no path is matched by no glob: they all begin with a slash. */
        const ssize_t length = descriptor_path(call, fd, path, sizeof path);
        *in_doubt = length < 0 && error_is_ours((int)-length);
        if (length < 0)
            path[0] = '\0';
        result = match_statfs(policy, type, path, rule);
    }
    return result == MATCH_FOUND;
}

static uint64_t buffer_of(const struct stopped_call *call, const struct known_call *known) {
    return call->arguments[known->layout == LAYOUT_COMPAT64 ? 2 : 1];
}

/* Writes what the caller's ABI wants and ends in the value that the call returns. `stands_in`: the
 * kernel would not find the file, so it is not asked to say that the buffer cannot be written to.
 */
static struct verdict give(struct stopped_call *call, const struct known_call *known,
                           const uint8_t *policy, struct k_statfs *info, struct verdict verdict,
                           bool stands_in) {
    const struct blob_rule *rules = blob_at(policy, blob_header(policy)->rules.offset);
    union statfs_image image;
    enum fallback why;
    if (verdict.rule < blob_header(policy)->rules.count)
        apply(&rules[verdict.rule], info);
    verdict.answer = (uint64_t)info->f_type;
    verdict.decision = DECISION_ANSWER;
    verdict.value = layout_fill(known->layout, info, &image);
    if (verdict.value != 0)
        return verdict;
    verdict.value =
        answer_write(call, buffer_of(call, known), &image, layout_size(known->layout), &why);
    return verdict.value == 0 || (stands_in && verdict.value == -EFAULT) ? verdict : let_run(why);
}

/* `found`: the files rule that put it there, or NULL. */
static struct verdict answer_lookup(struct stopped_call *call, const struct known_call *known,
                                    const uint8_t *policy, const struct lookup *lookup,
                                    const struct found_file *found) {
    const struct context *context = call->server->context;
    char name[TRACEE_PATH_MAX];
    struct k_statfs info;
    struct verdict verdict = let_run(FALLBACK_NONE);
    bool in_memory, in_doubt = false;
    int error = filesystem_of(call, lookup, &info, &in_memory);
    if (error != 0)
        return let_run(error == -EBUSY ? FALLBACK_BUSY : FALLBACK_NONE);
    verdict.was = (uint64_t)info.f_type;
    if (info.f_type == K_AUTOFS_SUPER_MAGIC)
        return let_run(FALLBACK_AUTOMOUNT);
    /* One of ours may also be reached by a path, through /proc/self/fd. */
    bool ours = in_memory && info.f_type == K_TMPFS_MAGIC &&
                descriptor_own_name(context->proc, lookup->fd, name, sizeof name) > 0 &&
                injected_by_name(policy, name);
    if (ours && !server_step_aside(call->server))
        return let_run(FALLBACK_BUSY);
    ours = ours && injected_statfs(policy, context, lookup->fd, name, &info, &error);
    if (error != 0)
        return answer_with(NO_RULE, error);
    if (found && found->filesystem != 0)
        injected_fill(found->filesystem, &info);
    const bool holds =
        find_rule(call, policy, lookup->fd, (uint64_t)info.f_type, &verdict.rule, &in_doubt);
    if (in_doubt)
        return let_run(FALLBACK_PATH_UNKNOWN);
    if (!holds) {
        if (!ours && !found)
            return verdict;
        verdict.rule = found ? found->number : NO_RULE;
    }
    return give(call, known, policy, &info, verdict, found != NULL);
}

/* Of what stands in the place of the file. */
static struct verdict answer_stand_in(struct stopped_call *call, const struct known_call *known,
                                      const uint8_t *policy, const struct found_file *found) {
    struct stand_in stand_in;
    int error = stand_in_open(call, policy, found, &stand_in);
    if (error != 0)
        return error == -EAGAIN ? let_run(FALLBACK_CONTENT) : answer_with(found->number, error);
    const struct lookup lookup = {.fd = stand_in.fd};
    struct verdict verdict = answer_lookup(call, known, policy, &lookup, found);
    stand_in_close(&stand_in);
    return verdict;
}

/* Of the file that a path names. */
static struct verdict serve_path_statfs(struct stopped_call *call, const struct known_call *known,
                                        const uint8_t *policy) {
    char path[TRACEE_PATH_MAX];
    const struct lookup_request request = {.path = path, .directory = AT_FDCWD};
    struct found_file found;
    struct lookup lookup;
    struct verdict verdict;
    bool holds = false;
    ssize_t length = tracee_read_path(call, call->arguments[0], path);
    if (length < 0)
        return let_run(unread_fallback(length));
    if (file_rule_is_worthwhile(policy, path))
        holds = file_rule_find(call, policy, &request, true, &lookup, &found);
    else if (blob_header(policy)->rules.count != 0)
        lookup = lookup_path(call, &request);
    else
        return let_run(FALLBACK_NONE); /* stopped for files rules only */
    /* What is only rewritten is real, but may be told to lie elsewhere. */
    const bool told = holds && found.rule->kind == SPOOF_FILE_REWRITE &&
                      found.rule->filesystem != 0 && S_ISREG(found.info.st_mode);
    if (holds && (told || !stand_in_is_real(&found)))
        verdict = answer_stand_in(call, known, policy, &found);
    else if (lookup.fd < 0 || lookup.missing || lookup.fallback != FALLBACK_NONE ||
             blob_header(policy)->rules.count == 0)
        verdict = let_run(lookup.fallback);
    else
        verdict = answer_lookup(call, known, policy, &lookup, NULL);
    if (holds)
        found_close(&found);
    lookup_close(&lookup);
    return verdict;
}

struct verdict serve_statfs(struct stopped_call *call, const struct known_call *known,
                            const uint8_t *policy) {
    if (known->layout == LAYOUT_COMPAT64 && call->arguments[1] != sizeof(struct k_compat_statfs64))
        return let_run(FALLBACK_NONE); /* EINVAL */
    if (known->task != TASK_FSTATFS)
        return serve_path_statfs(call, known, policy);
    struct lookup lookup = lookup_descriptor(call, (uint32_t)call->arguments[0]);
    if (lookup.fd < 0)
        return let_run(lookup.fallback);
    struct verdict verdict = answer_lookup(call, known, policy, &lookup, NULL);
    lookup_close(&lookup);
    return verdict;
}

struct verdict serve_statfs_end(struct stopped_call *call, const struct known_call *known,
                                const uint8_t *policy) {
    struct verdict verdict = let_run(FALLBACK_NONE);
    union statfs_image image;
    struct k_statfs info;
    size_t size = layout_size(known->layout);
    if (call->mechanism->read(call, buffer_of(call, known), &image, size) != (ssize_t)size)
        return let_run(FALLBACK_MEMORY);
    layout_read(known->layout, &image, &info);
    verdict.was = (uint64_t)info.f_type;
    if (match_statfs(policy, verdict.was, NULL, &verdict.rule) != MATCH_FOUND)
        return verdict;
    return give(call, known, policy, &info, verdict, false);
}
