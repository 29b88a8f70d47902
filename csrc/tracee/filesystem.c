/* filesystem.c - asks a filesystem what it is.
 * Rule: the thread that receives asks only those that answer from memory. */
#include "filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "descriptor.h"
#include "identity.h"

int filesystem_of(struct stopped_call *call, const struct lookup *lookup, struct k_statfs *info,
                  bool *in_memory) {
    struct server *server = call->server;
    const struct context *context = server->context;
    if (in_memory)
        *in_memory = false;
    if (!lookup->never_sleeps && (server->receiving || in_memory)) {
        struct file_id id;
        bool known = file_id_read(lookup->fd, "", &id) == 0;
        bool memory = known && context_has_in_memory(context, &id);
        /* What lies in memory is on no mount of the table, and never sleeps. */
        bool sleeps = !memory && !(known && mounts_never_sleeps(context->mounts, id.mount));
        if (in_memory)
            *in_memory = memory || !known || !context->memory_known;
        if (sleeps && !server_step_aside(server))
            return -EBUSY;
    }
    return syscall(SYS_fstatfs, lookup->fd, info) == 0 ? 0 : -errno;
}

bool filesystem_may_be_memory(struct stopped_call *call, int fd) {
    const struct context *context = call->server->context;
    struct file_id id;
    if (!context->memory_known)
        return true;
    identify(call->server, call->tid);
    int copy = descriptor_copy(call->server, fd);
    if (copy < 0)
        return copy != -EBADF;
    bool may = file_id_read(copy, "", &id) != 0 || context_has_in_memory(context, &id);
    close(copy);
    return may;
}
