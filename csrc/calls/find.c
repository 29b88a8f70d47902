/* find.c - from a path to the files rule that holds for it.
 * Rule: CONTINUE is right whenever nothing is found: the kernel then resolves the same path, and a
 * rule that might have held is only ever missed, never wrongly applied. */
#include "find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/store.h"
#include "../policy/match.h"
#include "../supervisor/server.h"
#include "../tracee/quick.h"
#include "../tracee/program.h"
#include "../tracee/remembered.h"

bool find_is_worthwhile(const uint8_t *policy, const char *path) {
    return (match_open(policy, path) & (MATCH_OPEN_FILE | MATCH_OPEN_TREE)) != 0;
}

/* Leaves out what says nothing: `.` and slashes one after the other. One at the end stays, and
 * stands for a `.` there, too. */
static void tidy(char *names) {
    char *to = names;
    for (const char *from = names; *from;) {
        size_t length = strcspn(from, "/"), slashes = strspn(from + length, "/");
        bool counts = length != 1 || *from != '.';
        if (counts) {
            memmove(to, from, length + (slashes > 0));
            to += length + (slashes > 0);
        }
        from += length + slashes;
    }
    *to = '\0';
}

/* The path is its own name. */
static void name_plainly(const char *from, char *path) {
    memcpy(path, from, strlen(from) + 1);
    tidy(path);
    size_t length = strlen(path);
    if (length > 1 && path[length - 1] == '/')
        path[length - 1] = '\0';
}

/* The absolute path of what was looked up, there or not. False: it has none that a rule could name.
 */
static bool name_look(struct stopped_call *call, const struct look *look,
                      const struct look_request *request, char *path) {
    const char *missing = request->missing;
    if (look->plain) {
        name_plainly(request->path, path);
        return true;
    }
    ssize_t length = look_name(call, look->fd, path, TRACEE_PATH_MAX);
    if (length <= 0 || path[0] != '/')
        return false;
    if (!look->missing)
        return true;
    size_t rest = strlen(missing);
    while (rest > 0 && missing[rest - 1] == '/')
        rest--;
    /* `..` of what is not there is not there either. */
    if (rest == 0 || goes_up(missing))
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
static bool holds(struct stopped_call *call, const struct look *look, const char *missing,
                  const struct found_file *found) {
    const struct blob_file_rule *rule = found->rule;
    if (!(rule->flags & BLOB_FILE_SCOPE_ALL) && !look->in_our_root && !look_is_in_our_root(call))
        return false;
    if (!look->missing)
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

static bool match(struct stopped_call *call, const uint8_t *policy, const struct look *look,
                  const struct look_request *request, struct found_file *found) {
    const char *missing = request->missing;
    char program[PROGRAM_NAME];
    if (!name_look(call, look, request, found->path) || !match_as(policy, NULL, found))
        return false;
    /* Which program it is takes a while to find out. */
    if (found->rule->except_programs.count > 0) {
        program_name(server_surroundings(call->server), call->tid, program);
        if (!match_as(policy, program, found))
            return false;
    }
    found->wants_directory = look->missing && missing[strlen(missing) - 1] == '/';
    return holds(call, look, missing, found) && set_target(policy, found);
}

/* What the rule says, or what the file would lie on. */
static uint64_t filesystem_of(struct stopped_call *call, const struct blob_file_rule *rule,
                              const struct look *place) {
    struct k_statfs info;
    bool made = rule->kind == SPOOF_FILE_CONTENT || rule->kind == SPOOF_FILE_GENERATED;
    if (!made || rule->filesystem != 0)
        return rule->filesystem;
    return look_statfs(call, place, &info, NULL) == 0 ? (uint64_t)info.f_type : 0;
}

/* What is known of the path without a look. False: it has to be looked up. */
static bool recall(struct stopped_call *call, const uint8_t *policy,
                   const struct look_request *request, bool tells_filesystem,
                   struct found_file *found) {
    const struct remembered_path *known = remembered_find(call, request);
    if (!known || (tells_filesystem && known->filesystem == 0))
        return false;
    const struct look look = {
        .fd = -1, .missing = known->missing, .plain = true, .in_our_root = true};
    const char *last = strrchr(request->path, '/') + 1;
    memcpy(request->missing, last, strlen(last) + 1);
    found->filesystem = tells_filesystem ? known->filesystem : 0;
    found->real = -1;
    /* Whatever else is delivered needs the real file. */
    return match(call, policy, &look, request, found) && found_in_memory(found);
}

static bool look_up(struct stopped_call *call, const uint8_t *policy,
                    const struct look_request *request, bool tells_filesystem,
                    struct found_file *found, enum fallback *why) {
    struct look look = look_path(call, request);
    *why = look.fallback;
    if (look.missing)
        tidy(request->missing);
    bool matched = look.fd >= 0 && match(call, policy, &look, request, found);
    found->filesystem = matched && tells_filesystem ? filesystem_of(call, found->rule, &look) : 0;
    found->real = look.missing ? -1 : look.fd;
    if (look.fd >= 0 && (look.missing || !matched))
        close(look.fd);
    if (!matched)
        return false;
    if (found->real >= 0 && fstat(found->real, &found->info) != 0) {
        find_release(found);
        return false;
    }
    if (found_in_memory(found) && (look.missing || S_ISREG(found->info.st_mode)))
        remembered_note(call, request, &look, found->filesystem);
    return true;
}

bool find_file(struct stopped_call *call, const uint8_t *policy, const struct look_request *request,
               bool tells_filesystem, struct found_file *found, enum fallback *why) {
    char *missing = malloc(TRACEE_PATH_MAX);
    struct look_request own = *request;
    *why = FALLBACK_BUSY;
    if (!missing)
        return false;
    own.missing = missing;
    *why = FALLBACK_NONE;
    bool matched = recall(call, policy, &own, tells_filesystem, found) ||
                   look_up(call, policy, &own, tells_filesystem, found, why);
    free(missing);
    return matched;
}

void find_release(struct found_file *found) {
    if (found->real >= 0)
        close(found->real);
    found->real = -1;
}

static int store_of(struct stopped_call *call, const uint8_t *policy,
                    const struct found_file *found, bool *lent) {
    int file = store_made(policy, found->number);
    if (file < 0) {
        act_as_owner(call->server);
        file = store_get(policy, found->number, found->path);
        act_as_usual(call->server);
    }
    /* Only the thread that receives ever replaces a file of the store. */
    *lent = file >= 0 && call->server->receiving;
    if (*lent)
        return file;
    int fd = file < 0 ? file : fcntl(file, F_DUPFD_CLOEXEC, 0);
    return fd >= 0 || file < 0 ? fd : -errno;
}

int find_stand_in(struct stopped_call *call, const uint8_t *policy, const struct found_file *found,
                  bool *lent) {
    *lent = false;
    if (!found_in_memory(found) && !server_step_aside(call->server))
        return -EAGAIN;
    if (found->is_parent)
        return open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    switch ((enum spoof_file_kind)found->rule->kind) {
    case SPOOF_FILE_CONTENT:
    case SPOOF_FILE_GENERATED:
        return found->wants_directory ? -ENOTDIR : store_of(call, policy, found, lent);
    case SPOOF_FILE_REDIRECT: {
        const struct look_request request = {.path = found->target, .directory = AT_FDCWD};
        struct look look = look_path(call, &request);
        return look.fd >= 0 ? look.fd : look.error != 0 ? look.error : -EAGAIN;
    }
    case SPOOF_FILE_REWRITE:
        break;
    }
    return found->real >= 0 ? fcntl(found->real, F_DUPFD_CLOEXEC, 0) : -EAGAIN;
}
