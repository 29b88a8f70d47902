/* answer.c - what the floor does for one call: each function lists the calls that are unavoidable.
 * The reply, or the delivery that is one, comes last. */
#include "floor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096

static void reply(const struct floor *floor, uint64_t id, uint32_t flags) {
    struct k_seccomp_notif_resp response = {.id = id, .flags = flags};
    ioctl(floor->listener, K_SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static void let_run(const struct floor *floor, uint64_t id) {
    reply(floor, id, K_SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

/* One read, to the end of the page; a second one only if the path goes on behind it. */
static bool read_path(uint32_t tid, uint64_t address, char path[2 * PAGE]) {
    size_t length = PAGE - (address & (PAGE - 1));
    for (size_t got = 0; got < PAGE;) {
        struct iovec to = {path + got, length}, from = {(void *)(uintptr_t)(address + got), length};
        if (process_vm_readv((pid_t)tid, &to, 1, &from, 1, 0) != (ssize_t)length)
            return false;
        if (memchr(path + got, '\0', length) != NULL)
            return true;
        got += length;
        length = PAGE;
    }
    return false;
}

/* Only while it waits for us may its memory be written. */
static bool write_back(const struct floor *floor, const struct k_seccomp_notif *request,
                       uint64_t address, void *what, size_t length) {
    struct iovec local = {what, length}, remote = {(void *)(uintptr_t)address, length};
    uint64_t id = request->id;
    return ioctl(floor->listener, K_SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0 &&
           process_vm_writev((pid_t)request->pid, &local, 1, &remote, 1, 0) == (ssize_t)length;
}

/* fstatfs + id check + write + reply */
static void tell_statfs(const struct floor *floor, const struct k_seccomp_notif *request, int fd) {
    struct k_statfs info;
    bool good = fd >= 0 && syscall(SYS_fstatfs, fd, &info) == 0;
    if (good && info.f_type == K_TMPFS_MAGIC)
        info.f_type = 0xef53; /* ext4 */
    good = good && write_back(floor, request, request->data.args[1], &info, sizeof info);
    if (fd >= 0)
        close(fd);
    reply(floor, request->id, good ? 0 : K_SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

/* path read + openat2 + tell_statfs + close */
static void answer_statfs(const struct floor *floor, const struct k_seccomp_notif *request) {
    char path[2 * PAGE];
    struct k_open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = K_RESOLVE_CACHED};
    int fd = -1;
    if (read_path(request->pid, request->data.args[0], path) && path[0] == '/')
        fd = (int)syscall(K_NR_OPENAT2, AT_FDCWD, path, &how, sizeof how);
    tell_statfs(floor, request, fd);
}

/* pidfd_getfd + tell_statfs + close */
static void answer_fstatfs(const struct floor *floor, const struct k_seccomp_notif *request) {
    tell_statfs(floor, request, descriptor_of(request->pid, (int)request->data.args[0]));
}

/* ADDFD with SEND is the reply as well. */
static void deliver(const struct floor *floor, const struct k_seccomp_notif *request, int fd) {
    struct k_seccomp_notif_addfd delivery = {
        .id = request->id,
        .flags = K_SECCOMP_ADDFD_FLAG_SEND,
        .srcfd = (uint32_t)fd,
        .newfd_flags = (uint32_t)request->data.args[2] & O_CLOEXEC,
    };
    if (fd < 0 || ioctl(floor->listener, K_SECCOMP_IOCTL_NOTIF_ADDFD, &delivery) < 0)
        let_run(floor, request->id);
    if (fd >= 0)
        close(fd);
}

static bool is_virtual(const struct floor *floor, const char *path) {
    return floor->virtual_path != NULL && strcmp(path, floor->virtual_path) == 0;
}

/* Again, because each opener has an offset of its own. */
static int reopen(int fd) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* path read, and: reply | open + delivery + close | the table + delivery + close */
static void answer_open(const struct floor *floor, const struct k_seccomp_notif *request) {
    char path[2 * PAGE];
    bool got = read_path(request->pid, request->data.args[1], path);
    if (got && is_virtual(floor, path))
        deliver(floor, request, reopen(floor->virtual_file));
    else if (got && strcmp(path, "/proc/self/mountinfo") == 0)
        deliver(floor, request, mount_table(request->pid));
    else
        let_run(floor, request->id);
}

/* path read, and: reply | id check + write + reply */
static void answer_stat(const struct floor *floor, const struct k_seccomp_notif *request) {
    char path[2 * PAGE];
    struct stat info = {.st_mode = S_IFREG | 0444, .st_nlink = 1, .st_blksize = PAGE};
    bool good = read_path(request->pid, request->data.args[1], path) && is_virtual(floor, path);
    info.st_size = floor->virtual_size;
    good = good && write_back(floor, request, request->data.args[2], &info, sizeof info);
    reply(floor, request->id, good ? 0 : K_SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

void answer(const struct floor *floor, const struct k_seccomp_notif *request) {
    switch (request->data.nr) {
    case NUMBER_STATFS:
        answer_statfs(floor, request);
        break;
    case NUMBER_FSTATFS:
        answer_fstatfs(floor, request);
        break;
    case NUMBER_OPENAT:
        answer_open(floor, request);
        break;
    case NUMBER_NEWFSTATAT:
        answer_stat(floor, request);
        break;
    default:
        let_run(floor, request->id);
    }
}
