/* file_rule.c - from a path to the files rule that holds for it.
 * Rule: a rule that might have held is only ever missed, never wrongly applied; but a lookup in
 * doubt says so, and then nothing that would write is let run. */
#include "file_rule.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/generate.h"
#include "../policy/match.h"
#include "../process/again.h"
#include "../tracee/descriptor.h"
#include "../tracee/identity.h"
#include "../tracee/lookup.h"

bool file_rule_is_worthwhile(const uint8_t *policy, const char *path) {
    return (match_open(policy, path) & (MATCH_OPEN_FILE | MATCH_OPEN_TREE)) != 0;
}

bool file_rule_may_hold(const uint8_t *policy, const char *path, const struct lookup *lookup) {
    uint32_t number;
    /* However it is named: with more time, or room, it could be looked up; and a link of ours leads
     * anywhere. */
    if (lookup->fallback == FALLBACK_BUSY || lookup->fallback == FALLBACK_BOUND ||
        lookup->fallback == FALLBACK_LINK)
        return true;
    return lookup->fallback != FALLBACK_NONE && path[0] == '/' &&
           match_file(policy, path, NULL, &number);
}

/* The path is its own name. */
static void name_plainly(const char *from, char *path) {
    memcpy(path, from, strlen(from) + 1);
    path_tidy(path);
    size_t length = strlen(path);
    if (length > 1 && path[length - 1] == '/')
        path[length - 1] = '\0';
}

/* For want of something of ours it is not known whether a rule holds. */
static bool be_in_doubt(struct lookup *lookup) {
    lookup->fallback = FALLBACK_BUSY;
    return false;
}

/* ... or for want of room for its path: of a longer one the kernel tells nothing. */
static bool be_too_long(struct stopped_call *call, const uint8_t *policy, struct lookup *lookup) {
    const bool own = lookup->in_own_root || identity_in_own_root(call->server, call->tid) == 1;
    /* Below another root it is shorter. */
    if (match_file_reaches(policy, own ? TRACEE_PATH_MAX - 1 : 0))
        lookup->fallback = FALLBACK_BOUND;
    return false;
}

/* The absolute path of what was looked up, there or not. False: it has none that a rule could name,
 * or the lookup says that this is in doubt. */
static bool name_lookup(struct stopped_call *call, const uint8_t *policy, struct lookup *lookup,
                        const struct lookup_request *request, char *path) {
    const char *missing = request->missing;
    if (lookup->plain) {
        name_plainly(request->path, path);
        return true;
    }
    ssize_t length = descriptor_path(call, lookup->fd, path, TRACEE_PATH_MAX);
    if (length < 0 && error_is_ours((int)-length))
        return be_in_doubt(lookup);
    if (length == -ENAMETOOLONG)
        return be_too_long(call, policy, lookup);
    if (length <= 0 || path[0] != '/')
        return false;
    if (!lookup->missing)
        return true;
    size_t rest = strlen(missing);
    while (rest > 0 && missing[rest - 1] == '/')
        rest--;
    /* `..` of what is not there is not there either. */
    if (rest == 0 || path_goes_up(missing))
        return false;
    if (length == 1)
        length = 0;
    if ((size_t)length + rest + 2 > TRACEE_PATH_MAX)
        return be_too_long(call, policy, lookup);
    path[length] = '/';
    memcpy(path + length + 1, missing, rest);
    path[(size_t)length + 1 + rest] = '\0';
    return true;
}

/* Beside the file. */
static bool set_source(const char *generator, struct found_file *found) {
    const char *source = generator_source(generator);
    const char *name = strrchr(found->path, '/') + 1;
    int length = source ? snprintf(found->target, sizeof found->target, "%.*s%s",
                                   (int)(name - found->path), found->path, source)
                        : -1;
    return length > 0 && (size_t)length < sizeof found->target;
}

static bool set_target(const uint8_t *policy, struct lookup *lookup, struct found_file *found) {
    const char *bytes = blob_at(policy, found->rule->bytes.offset);
    const char *rest = "";
    if ((found->rule->flags & BLOB_FILE_SOURCE) && !found->is_parent)
        return set_source(bytes, found);
    if (found->rule->kind != SPOOF_FILE_REDIRECT)
        return true;
    if (found->rule->flags & BLOB_FILE_TREE)
        rest = match_tree_rest(policy, found->number, found->path);
    int length = rest ? snprintf(found->target, sizeof found->target, "%s%s%s", bytes, rest,
                                 found->wants_directory ? "/" : "")
                      : -1;
    if (length >= (int)sizeof found->target)
        lookup->fallback = FALLBACK_BOUND; /* the rule holds, and leads nowhere */
    return length > 0 && (size_t)length < sizeof found->target;
}

/* Does the rule that matches hold here, with the file as it is? */
static bool holds(struct stopped_call *call, struct lookup *lookup, const char *missing,
                  const struct found_file *found) {
    const struct blob_file_rule *rule = found->rule;
    if (!(rule->flags & BLOB_FILE_SCOPE_ALL) && !lookup->in_own_root) {
        const int own = identity_in_own_root(call->server, call->tid);
        if (own != 1)
            return own < 0 && error_is_ours(-own) ? be_in_doubt(lookup) : false;
    }
    if (!lookup->missing)
        return !(rule->flags & BLOB_FILE_MISSING) && !found->is_parent;
    if (rule->kind == SPOOF_FILE_REWRITE)
        return false; /* what is not there has no lines */
    /* A file needs its directory. Those of a tree are in the tree that is looked up instead. */
    const char *behind = missing + strcspn(missing, "/");
    bool in_directory = behind[strspn(behind, "/")] == '\0' || (rule->flags & BLOB_FILE_TREE);
    return in_directory || (rule->flags & BLOB_FILE_PARENTS);
}

static bool match_as(const uint8_t *policy, const char *program, struct found_file *found) {
    found->is_parent = !match_file(policy, found->path, program, &found->number);
    if (found->is_parent && !match_parent(policy, found->path, program, &found->number))
        return false;
    found->rule = blob_file_rule(policy, found->number);
    return true;
}

/* A file of a procfs that is mounted nowhere (fsmount(2), open_tree(2)), or is the root itself, has
 * a name that begins there; it is the same file below /proc. */
static bool match_below_proc(const uint8_t *policy, struct lookup *lookup,
                             struct found_file *found) {
    static const char proc[] = "/proc";
    struct k_statfs info;
    size_t length = strlen(found->path) + 1;
    if (lookup->plain || lookup->missing || length + sizeof proc > sizeof found->path)
        return false;
    if (syscall(SYS_fstatfs, lookup->fd, &info) != 0)
        return error_is_ours(errno) ? be_in_doubt(lookup) : false;
    if (info.f_type != K_PROC_SUPER_MAGIC)
        return false;
    memmove(found->path + sizeof proc - 1, found->path, length);
    memcpy(found->path, proc, sizeof proc - 1);
    return match_as(policy, NULL, found);
}

static bool match(struct stopped_call *call, const uint8_t *policy, struct lookup *lookup,
                  const struct lookup_request *request, struct found_file *found) {
    const char *missing = request->missing;
    char program[PROGRAM_NAME];
    if (!name_lookup(call, policy, lookup, request, found->path) ||
        (!match_as(policy, NULL, found) && !match_below_proc(policy, lookup, found)))
        return false;
    /* Which program it is takes a while to find out. */
    if (found->rule->except_programs.count > 0) {
        if (!program_name(call->server->context, call->tid, program))
            return be_in_doubt(lookup);
        if (!match_as(policy, program, found))
            return false;
    }
    found->wants_directory = lookup->missing && missing[strlen(missing) - 1] == '/';
    return holds(call, lookup, missing, found) && set_target(policy, lookup, found);
}

/* What the rule says, or what the file would lie on. */
static uint64_t type_of(struct stopped_call *call, const struct blob_file_rule *rule,
                        const struct lookup *lookup) {
    struct k_statfs info;
    bool made = rule->kind == SPOOF_FILE_CONTENT || rule->kind == SPOOF_FILE_GENERATED;
    if (!made || rule->filesystem != 0)
        return rule->filesystem;
    return filesystem_of(call, lookup, &info, NULL) == 0 ? (uint64_t)info.f_type : 0;
}

/* By what is known of the path without a look. False: it has to be looked up. */
static bool recall(struct stopped_call *call, const uint8_t *policy,
                   const struct lookup_request *request, bool tells_filesystem,
                   struct lookup *lookup, struct found_file *found) {
    const struct cached_path *known = lookup_recall(call, request);
    if (!known || (tells_filesystem && known->filesystem == 0))
        return false;
    *lookup =
        (struct lookup){.fd = -1, .missing = known->missing, .plain = true, .in_own_root = true};
    const char *last = strrchr(request->path, '/') + 1;
    memcpy(request->missing, last, strlen(last) + 1);
    found->filesystem = tells_filesystem ? known->filesystem : 0;
    found->real = found->source = -1;
    /* Whatever else is delivered needs the real file. */
    return match(call, policy, lookup, request, found) && found_in_memory(found);
}

/* Can it be the source of a rule? In gVisor before 2023 the kernel does not say of a cgroup's file
 * where it lies (ENOSYS). Whoever asks that of each file, as libcontainer, would be led on by what
 * is made of it, and fail there. */
static bool is_source(struct stopped_call *call, struct lookup *source) {
    struct k_statfs filesystem;
    struct stat info;
    int error = filesystem_of(call, source, &filesystem, NULL);
    if (error == -EBUSY || fstat(source->fd, &info) != 0)
        return be_in_doubt(source);
    return error != -ENOSYS && S_ISREG(info.st_mode);
}

/* Without its source a rule does not hold. */
static bool has_source(struct stopped_call *call, struct found_file *found, struct lookup *lookup) {
    const struct lookup_request request = {.path = found->target, .directory = AT_FDCWD};
    if (!(found->rule->flags & BLOB_FILE_SOURCE) || found->is_parent)
        return true;
    struct lookup source = lookup_path(call, &request);
    bool there = source.fd >= 0 && is_source(call, &source);
    lookup->fallback = source.fallback;
    if (there)
        found->source = source.fd;
    else
        lookup_close(&source);
    return there;
}

static bool look_up(struct stopped_call *call, const uint8_t *policy,
                    const struct lookup_request *request, bool tells_filesystem,
                    struct lookup *lookup, struct found_file *found) {
    *lookup = lookup_path(call, request);
    found->source = -1;
    if (lookup->missing)
        path_tidy(request->missing);
    if (lookup->fd < 0 || !match(call, policy, lookup, request, found) ||
        !has_source(call, found, lookup))
        return false;
    found->filesystem = tells_filesystem ? type_of(call, found->rule, lookup) : 0;
    found->real = lookup->missing ? -1 : lookup->fd;
    if (found->real >= 0 && fstat(found->real, &found->info) != 0) {
        found_close(found);
        return be_in_doubt(lookup);
    }
    if (found_in_memory(found) && (lookup->missing || S_ISREG(found->info.st_mode)))
        lookup_cache_note(call, request, lookup, found->filesystem);
    return true;
}

/* After a pause; a disk that is broken is asked once more, at once. */
static bool may_look_again(struct server *server, const struct lookup *lookup, unsigned tries) {
    if (lookup->fallback != FALLBACK_BUSY || !server_step_aside(server))
        return false;
    return lookup->error == -EIO ? tries == 0 : again_after_pause(tries);
}

bool file_rule_find(struct stopped_call *call, const uint8_t *policy,
                    const struct lookup_request *request, bool tells_filesystem,
                    struct lookup *lookup, struct found_file *found) {
    char missing[TRACEE_PATH_MAX];
    struct lookup_request own = *request;
    own.missing = missing;
    if (recall(call, policy, &own, tells_filesystem, lookup, found))
        return true;
    unsigned tries = 0;
    while (!look_up(call, policy, &own, tells_filesystem, lookup, found)) {
        if (!own.writes || !may_look_again(call->server, lookup, tries++))
            return false;
        lookup_close(lookup);
    }
    return true;
}
