/* statfs.c - what statfs(2) and fstatfs(2) answer, in every ABI.
 * Rule: CONTINUE is right whenever this gives up, because nothing was changed: the kernel then
 * reads the same arguments and gives its own answer or error (EFAULT, ENOENT, EACCES, EBADF, ...).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../policy/blob.h"
#include "../policy/match.h"
#include "../supervisor/server.h"
#include "calls.h"
#include "injected.h"
#include "layout.h"
#include "paths.h"

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

/* Which rule holds; asks for the path of the look only if a rule needs it. */
static bool find_rule(struct stopped_call *call, const uint8_t *policy, int fd, uint64_t type,
                      uint32_t *rule) {
    char path[TRACEE_PATH_MAX];
    enum match_result result = match_statfs(policy, type, NULL, rule);
    if (result == MATCH_NEEDS_PATH) {
        /* What has no path is matched by no glob: they all begin with a slash. */
        if (look_name(call, fd, path, sizeof path) < 0)
            path[0] = '\0';
        result = match_statfs(policy, type, path, rule);
    }
    return result == MATCH_FOUND;
}

static uint64_t buffer_of(const struct stopped_call *call, const struct known_call *known) {
    return call->arguments[known->layout == LAYOUT_COMPAT64 ? 2 : 1];
}

/* Writes what the caller's ABI wants and ends in the value that the call returns. */
static struct verdict give(struct stopped_call *call, const struct known_call *known,
                           const uint8_t *policy, struct k_statfs *info, struct verdict verdict) {
    const struct blob_rule *rules = blob_at(policy, blob_header(policy)->rules.offset);
    union statfs_image image;
    if (verdict.rule < blob_header(policy)->rules.count)
        apply(&rules[verdict.rule], info);
    verdict.answer = (uint64_t)info->f_type;
    int error = layout_fill(known->layout, info, &image);
    if (error == 0) {
        if (!call->mechanism->still_stopped(call))
            return let_run(FALLBACK_NONE); /* gone, or restarted: its memory is not ours to write */
        error = call->mechanism->write(call, buffer_of(call, known), &image,
                                       layout_size(known->layout));
        if (error != 0)
            return let_run(error == -EFAULT || error == -ESRCH ? FALLBACK_NONE : FALLBACK_MEMORY);
    }
    verdict.decision = DECISION_ANSWER;
    verdict.value = error;
    return verdict;
}

static struct verdict refuse(int error) {
    return (struct verdict){.decision = DECISION_ANSWER, .value = error, .rule = NO_RULE};
}

/* `found`: the files rule that put it there, or NULL. */
static struct verdict answer_look(struct stopped_call *call, const struct known_call *known,
                                  const uint8_t *policy, const struct look *look,
                                  const struct found_file *found) {
    const int fd = look->fd;
    char name[TRACEE_PATH_MAX];
    struct k_statfs info;
    struct verdict verdict = let_run(FALLBACK_NONE);
    bool in_memory;
    int error = look_statfs(call, look, &info, &in_memory);
    if (error != 0)
        return let_run(error == -EBUSY ? FALLBACK_BUSY : FALLBACK_NONE);
    verdict.was = (uint64_t)info.f_type;
    if (info.f_type == K_AUTOFS_SUPER_MAGIC)
        return let_run(FALLBACK_AUTOMOUNT);
    /* One of ours may also be reached by a path, through /proc/self/fd. */
    bool ours =
        in_memory && info.f_type == K_TMPFS_MAGIC &&
        descriptor_name(server_surroundings(call->server)->proc, fd, name, sizeof name) > 0 &&
        injected_by_name(policy, name);
    if (ours && !server_step_aside(call->server))
        return let_run(FALLBACK_BUSY);
    ours =
        ours && injected_statfs(policy, server_surroundings(call->server), fd, name, &info, &error);
    if (error != 0)
        return refuse(error);
    if (found && found->filesystem != 0)
        injected_fill(found->filesystem, &info);
    if (!find_rule(call, policy, fd, (uint64_t)info.f_type, &verdict.rule)) {
        if (!ours && !found)
            return verdict;
        verdict.rule = found ? found->number : NO_RULE;
    }
    return give(call, known, policy, &info, verdict);
}

/* Of what stands in the place of the file, if a files rule says so. False: none does. */
static bool serve_stand_in(struct stopped_call *call, const struct known_call *known,
                           const uint8_t *policy, const struct look_request *request,
                           struct verdict *verdict) {
    struct found_file *found = malloc(sizeof *found);
    struct stand_in stand_in;
    *verdict = let_run(FALLBACK_BUSY);
    bool holds = found && find_file(call, policy, request, true, found, &verdict->reason);
    bool real = holds && stand_in_is_real(found);
    if (holds && !real) {
        int error = stand_in_open(call, policy, found, &stand_in);
        if (error == 0) {
            const struct look look = {.fd = stand_in.fd};
            *verdict = answer_look(call, known, policy, &look, found);
            stand_in_close(&stand_in);
        } else {
            *verdict = error == -EAGAIN ? let_run(FALLBACK_CONTENT) : refuse(error);
            verdict->rule = found->number;
        }
    }
    if (holds)
        find_release(found);
    free(found);
    return holds ? !real : verdict->reason != FALLBACK_NONE;
}

/* Of the file that a path names. */
static struct verdict serve_path_statfs(struct stopped_call *call, const struct known_call *known,
                                        const uint8_t *policy) {
    char path[TRACEE_PATH_MAX];
    const struct look_request request = {.path = path, .directory = AT_FDCWD};
    struct verdict verdict;
    ssize_t length = tracee_read_path(call, call->arguments[0], path);
    if (length < 0)
        return let_run(length == -EPERM || length == -ENOSYS ? FALLBACK_MEMORY : FALLBACK_NONE);
    if (find_is_worthwhile(policy, path) && serve_stand_in(call, known, policy, &request, &verdict))
        return verdict;
    if (blob_header(policy)->rules.count == 0)
        return let_run(FALLBACK_NONE); /* stopped for files rules only */
    struct look look = look_path(call, &request);
    if (look.fd < 0)
        return let_run(look.fallback);
    verdict = answer_look(call, known, policy, &look, NULL);
    close(look.fd);
    return verdict;
}

struct verdict serve_statfs(struct stopped_call *call, const struct known_call *known,
                            const uint8_t *policy) {
    if (known->layout == LAYOUT_COMPAT64 && call->arguments[1] != sizeof(struct k_compat_statfs64))
        return let_run(FALLBACK_NONE); /* EINVAL */
    if (known->task != TASK_FSTATFS)
        return serve_path_statfs(call, known, policy);
    struct look look = look_descriptor(call, (uint32_t)call->arguments[0]);
    if (look.fd < 0)
        return let_run(look.fallback);
    struct verdict verdict = answer_look(call, known, policy, &look, NULL);
    close(look.fd);
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
    return give(call, known, policy, &info, verdict);
}
