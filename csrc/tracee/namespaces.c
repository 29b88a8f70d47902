/* namespaces.c - a thread reads with the tracee's eyes, and comes back.
 * Rule: a thread that cannot come back ends its process; what cannot be entered is never answered
 * from ours. */
#include "namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "../process/again.h"
#include "identity.h"
#include "rights.h"

static const struct {
    const char *name;
    int flag; /* setns(2) */
} kinds[NAMESPACES] = {
    [NAMESPACE_CGROUP] = {"cgroup", 0x02000000 /* CLONE_NEWCGROUP */},
    [NAMESPACE_UTS] = {"uts", CLONE_NEWUTS},
    [NAMESPACE_IPC] = {"ipc", CLONE_NEWIPC},
    [NAMESPACE_NET] = {"net", CLONE_NEWNET},
};

/* -1: there is none. */
static int open_namespace(const struct context *context, pid_t tid, const char *kind) {
    char entry[64];
    snprintf(entry, sizeof entry, "%d/ns/%s", tid, kind);
    return openat(context->proc, entry, O_RDONLY | O_CLOEXEC);
}

static bool enter(const struct context *context, pid_t tid, int kind, int *own) {
    if (namespace_is_same(context->proc, tid, getpid(), kinds[kind].name))
        return true;
    int theirs = open_namespace(context, tid, kinds[kind].name);
    *own = open_namespace(context, getpid(), kinds[kind].name);
    bool entered = theirs >= 0 && *own >= 0 && setns(theirs, kinds[kind].flag) == 0;
    if (theirs >= 0)
        close(theirs);
    if (!entered && *own >= 0) {
        close(*own);
        *own = -1;
    }
    return entered;
}

bool namespaces_enter(struct stopped_call *call, bool all, struct namespaces_left *left) {
    const struct context *context = call->server->context;
    for (int kind = 0; kind < NAMESPACES; kind++)
        left->own[kind] = -1;
    if (!all && server_in_own_namespaces(call->server))
        return true;
    bool entered = rights_own(call->server) == 0;
    if (all)
        entered = entered && identity_in_own_user_namespace(call->server, call->tid) &&
                  namespace_is_same(context->proc, call->tid, getpid(), "time");
    for (int kind = 0; entered && kind < (all ? NAMESPACES : NAMESPACE_CGROUP + 1); kind++)
        entered = enter(context, call->tid, kind, &left->own[kind]);
    rights_must_usual(call->server);
    return entered;
}

void namespaces_leave(struct server *server, const struct namespaces_left *left) {
    bool changed = false;
    for (int kind = 0; kind < NAMESPACES; kind++)
        changed = changed || left->own[kind] >= 0;
    if (!changed)
        return;
    rights_must_own(server);
    for (int kind = 0; kind < NAMESPACES; kind++)
        if (left->own[kind] >= 0) {
            for (unsigned tries = 0; setns(left->own[kind], kinds[kind].flag) != 0; tries++)
                again_or_end(tries);
            close(left->own[kind]);
        }
    rights_must_usual(server);
}
