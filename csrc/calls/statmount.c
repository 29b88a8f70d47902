/* statmount.c - what statmount(2) says of a mount (Linux 6.8).
 * Rule: CONTINUE is right whenever this gives up: the kernel then fills the same buffer. Only where
 * the program has our root and mounts is the answer of our own call also its own. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../policy/blob.h"
#include "../policy/match.h"
#include "../tracee/identity.h"
#include "../tracee/rights.h"
#include "handlers.h"

/* More is not taken over: paths and options are rarely that long. */
#define ANSWER_MAX 8192U

union answer {
    struct k_statmount mount;
    char bytes[ANSWER_MAX];
};

static const char *text_at(const union answer *answer, uint32_t offset) {
    size_t place = sizeof answer->mount + (size_t)offset;
    return place < answer->mount.size && place < sizeof answer->bytes ? answer->bytes + place
                                                                      : NULL;
}

/* As the tracee: capabilities decide which mounts, and whose, may be asked for. 0 or -errno. */
static int ask(struct stopped_call *call, const struct k_mnt_id_req *request, union answer *answer,
               size_t room) {
    int result = -EPERM, error;
    const struct credentials *credentials = identity_credentials(call, &error);
    if (credentials && rights_as_tracee(call->server, credentials))
        result = syscall(K_NR_STATMOUNT, request, answer, room, 0UL) == 0 ? 0 : -errno;
    rights_must_usual(call->server);
    return result;
}

/* Which rule names the mount that is asked for? */
static bool find_rule(struct stopped_call *call, const uint8_t *policy,
                      const struct k_mnt_id_req *asked, uint32_t *rule) {
    union answer answer;
    char program[PROGRAM_NAME], fstype[BLOB_MAX_GLOB];
    struct k_mnt_id_req request = *asked;
    request.param = K_STATMOUNT_FS_TYPE | K_STATMOUNT_FS_SUBTYPE | K_STATMOUNT_MNT_POINT;
    if (ask(call, &request, &answer, sizeof answer) != 0)
        return false;
    /* As mount tables have it: fuse.sshfs. */
    const char *type = text_at(&answer, answer.mount.fs_type);
    const char *subtype = answer.mount.mask & K_STATMOUNT_FS_SUBTYPE
                              ? text_at(&answer, answer.mount.fs_subtype)
                              : NULL;
    snprintf(fstype, sizeof fstype, "%s%s%s", type ? type : "", subtype ? "." : "",
             subtype ? subtype : "");
    return program_name(call->server->context, call->tid, program) &&
           match_mounts(policy, type ? fstype : NULL, text_at(&answer, answer.mount.mnt_point),
                        program, rule);
}

/* Puts a text behind the others. 0 or -EOVERFLOW, as for a buffer that is too small. */
static int tell(union answer *answer, size_t capacity, const char *text, uint32_t *place) {
    size_t length = strlen(text) + 1;
    struct k_statmount *mount = &answer->mount;
    if (mount->size + length > capacity || mount->size + length > sizeof answer->bytes)
        return -EOVERFLOW;
    memcpy(answer->bytes + mount->size, text, length);
    *place = (uint32_t)(mount->size - sizeof *mount);
    mount->size += (uint32_t)length;
    return 0;
}

static int apply(const uint8_t *policy, uint32_t number, union answer *answer, size_t capacity) {
    const struct blob_mounts_rule *rule = blob_mounts_rule(policy, number);
    struct k_statmount *mount = &answer->mount;
    if ((mount->mask & K_STATMOUNT_SB_BASIC) && rule->fstype != 0 && rule->magic != 0)
        mount->sb_magic = rule->magic;
    if ((mount->mask & K_STATMOUNT_MNT_BASIC) && rule->group != 0 &&
        !(mount->mnt_propagation & MS_SHARED)) {
        mount->mnt_propagation = (mount->mnt_propagation & ~(uint64_t)MS_PRIVATE) | MS_SHARED;
        mount->mnt_peer_group = rule->group;
    }
    if (rule->fstype != 0) {
        mount->mask &= ~(uint64_t)K_STATMOUNT_FS_SUBTYPE;
        mount->fs_subtype = 0;
    }
    int error = 0;
    if ((mount->mask & K_STATMOUNT_FS_TYPE) && rule->fstype != 0)
        error = tell(answer, capacity, blob_text(policy, rule->fstype), &mount->fs_type);
    if (error == 0 && (mount->mask & K_STATMOUNT_SB_SOURCE) && rule->source != 0)
        error = tell(answer, capacity, blob_text(policy, rule->source), &mount->sb_source);
    return error;
}

/* struct mnt_id_req as the program gives it. False: the kernel is to judge the call. */
static bool read_request(struct stopped_call *call, struct k_mnt_id_req *request) {
    memset(request, 0, sizeof *request);
    return call->arguments[3] == 0 &&
           call->mechanism->read(call, call->arguments[0], request, K_MNT_ID_REQ_SIZE_VER0) ==
               K_MNT_ID_REQ_SIZE_VER0 &&
           (request->size == K_MNT_ID_REQ_SIZE_VER0 || request->size == sizeof *request) &&
           call->mechanism->read(call, call->arguments[0], request, request->size) ==
               (ssize_t)request->size &&
           request->spare == 0;
}

struct verdict serve_statmount(struct stopped_call *call, const uint8_t *policy) {
    union answer answer;
    struct k_mnt_id_req request;
    uint32_t rule;
    size_t capacity = call->arguments[2];
    if (!read_request(call, &request))
        return let_run(FALLBACK_NONE);
    identify(call->server, call->tid);
    if (identity_in_own_root(call->server, call->tid) != 1)
        return let_run(FALLBACK_ROOT);
    if (!find_rule(call, policy, &request, &rule))
        return let_run(FALLBACK_NONE);
    size_t room = capacity < sizeof answer ? capacity : sizeof answer;
    if (ask(call, &request, &answer, room) != 0)
        return let_run(room == capacity ? FALLBACK_NONE : FALLBACK_MEMORY);
    struct verdict verdict = {.decision = DECISION_ANSWER, .rule = rule};
    verdict.was = answer.mount.sb_magic;
    verdict.value = apply(policy, rule, &answer, capacity);
    verdict.answer = answer.mount.sb_magic;
    if (verdict.value != 0)
        return verdict;
    enum fallback why;
    return answer_write(call, call->arguments[1], &answer, answer.mount.size, &why) == 0
               ? verdict
               : let_run(why);
}
