/* file_rule.c - from a path to the files rule that holds for it.
 * Rule: CONTINUE is right whenever nothing is found: the kernel then resolves the same path, and a
 * rule that might have held is only ever missed, never wrongly applied. */
#include "file_rule.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../policy/match.h"
#include "../tracee/descriptor.h"
#include "../tracee/identity.h"
#include "../tracee/lookup.h"

bool file_rule_is_worthwhile(const uint8_t *policy, const char *path) {
    return (match_open(policy, path) & (MATCH_OPEN_FILE | MATCH_OPEN_TREE)) != 0;
}

/* The path is its own name. */
static void name_plainly(const char *from, char *path) {
    memcpy(path, from, strlen(from) + 1);
    path_tidy(path);
    size_t length = strlen(path);
    if (length > 1 && path[length - 1] == '/')
        path[length - 1] = '\0';
}

/* The absolute path of what was looked up, there or not. False: it has none that a rule could name.
 */
static bool name_lookup(struct stopped_call *call, const struct lookup *lookup,
                        const struct lookup_request *request, char *path) {
    const char *missing = request->missing;
    if (lookup->plain) {
        name_plainly(request->path, path);
        return true;
    }
    ssize_t length = descriptor_path(call, lookup->fd, path, TRACEE_PATH_MAX);
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
        return false;
    path[length] = '/';
    memcpy(path + length + 1, missing, rest);
    path[(size_t)length + 1 + rest] = '\0';
    return true;
}

static bool set_target(const uint8_t *policy, struct found_file *found) {
    const char *bytes = blob_at(policy, found->rule->bytes.offset);
    const char *rest = "";
    if (found->rule->kind != SPOOF_FILE_REDIRECT)
        return true;
    if (found->rule->flags & BLOB_FILE_TREE)
        rest = match_tree_rest(policy, found->number, found->path);
    int length = rest ? snprintf(found->target, sizeof found->target, "%s%s%s", bytes, rest,
                                 found->wants_directory ? "/" : "")
                      : -1;
    return length > 0 && (size_t)length < sizeof found->target;
}

/* Does the rule that matches hold here, with the file as it is? */
static bool holds(struct stopped_call *call, const struct lookup *lookup, const char *missing,
                  const struct found_file *found) {
    const struct blob_file_rule *rule = found->rule;
    if (!(rule->flags & BLOB_FILE_SCOPE_ALL) && !lookup->in_own_root &&
        identity_in_own_root(call->server, call->tid) != 1)
        return false;
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

static bool match(struct stopped_call *call, const uint8_t *policy, const struct lookup *lookup,
                  const struct lookup_request *request, struct found_file *found) {
    const char *missing = request->missing;
    char program[PROGRAM_NAME];
    if (!name_lookup(call, lookup, request, found->path) || !match_as(policy, NULL, found))
        return false;
    /* Which program it is takes a while to find out. */
    if (found->rule->except_programs.count > 0) {
        program_name(call->server->context, call->tid, program);
        if (!match_as(policy, program, found))
            return false;
    }
    found->wants_directory = lookup->missing && missing[strlen(missing) - 1] == '/';
    return holds(call, lookup, missing, found) && set_target(policy, found);
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
    found->real = -1;
    /* Whatever else is delivered needs the real file. */
    return match(call, policy, lookup, request, found) && found_in_memory(found);
}

static bool look_up(struct stopped_call *call, const uint8_t *policy,
                    const struct lookup_request *request, bool tells_filesystem,
                    struct lookup *lookup, struct found_file *found) {
    *lookup = lookup_path(call, request);
    if (lookup->missing)
        path_tidy(request->missing);
    if (lookup->fd < 0 || !match(call, policy, lookup, request, found))
        return false;
    found->filesystem = tells_filesystem ? type_of(call, found->rule, lookup) : 0;
    found->real = lookup->missing ? -1 : lookup->fd;
    if (found->real >= 0 && fstat(found->real, &found->info) != 0)
        return false;
    if (found_in_memory(found) && (lookup->missing || S_ISREG(found->info.st_mode)))
        lookup_cache_note(call, request, lookup, found->filesystem);
    return true;
}

bool file_rule_find(struct stopped_call *call, const uint8_t *policy,
                    const struct lookup_request *request, bool tells_filesystem,
                    struct lookup *lookup, struct found_file *found) {
    char missing[TRACEE_PATH_MAX];
    struct lookup_request own = *request;
    own.missing = missing;
    return recall(call, policy, &own, tells_filesystem, lookup, found) ||
           look_up(call, policy, &own, tells_filesystem, lookup, found);
}
