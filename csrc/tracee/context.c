/* context.c - reads who and where we are ourselves. */
#include "context.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "fallback.h"
#include "proc_text.h"

/* All of them lie on one mount that the kernel keeps for itself. */
static void find_memory(struct context *context) {
    struct file_id id;
    int fd = (int)syscall(SYS_memfd_create, "", K_MFD_CLOEXEC);
    if (fd < 0)
        return;
    /* gVisor may have no device of its own for it. */
    if (file_id_read(fd, "", &id) == 0 && (id.major != 0 || id.minor != 0)) {
        context->memory_known = true;
        context->memory_major = id.major;
        context->memory_minor = id.minor;
    }
    close(fd);
}

int context_read(struct context *context) {
    context->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (context->proc < 0)
        return -errno;
    int result = file_id_read(AT_FDCWD, "/", &context->root);
    if (result == 0)
        result = file_id_read(context->proc, "", &context->proc_root);
    if (result == 0)
        result = credentials_read(context->proc, getpid(), &context->own);
    if (result != 0)
        return result;
    find_memory(context);
    context->effective_ids = syscall(SYS_setfsuid, -1) == -1 && errno == ENOSYS;
    errno = 0;
    context->user_namespace = namespace_of(context->proc, getpid(), "user");
    /* By it it is decided whose capabilities count. gVisor before 2023 has none. */
    if (context->user_namespace == 0 && error_is_ours(errno))
        return -errno;
    context->pid_namespace = namespace_of(context->proc, getpid(), "pid");
    context->cgroup_namespace = namespace_of(context->proc, getpid(), "cgroup");
    proc_text(context->proc, "self/attr/current", context->label, sizeof context->label);
    context->mount_namespace = namespace_of(context->proc, getpid(), "mnt");
    return 0;
}

bool context_has_in_memory(const struct context *context, const struct file_id *id) {
    return context->memory_known && id->major == context->memory_major &&
           id->minor == context->memory_minor;
}
