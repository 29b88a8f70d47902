/* open.c - what open(2), openat(2) and openat2(2) find.
 * Rule: CONTINUE is right whenever this gives up: nothing was opened in the program, which then
 * gets the real file or the kernel's own error. Only what a rule really changes is ever injected.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/mount_table.h"
#include "../content/snapshot.h"
#include "../content/table_name.h"
#include "../policy/blob.h"
#include "../tracee/procfs.h"
#include "../tracee/program.h"
#include "../supervisor/server.h"
#include "calls.h"

#define TABLE_MAX (64U << 20)

struct open_arguments {
    struct look_request request;
    int flags;
    char path[TRACEE_PATH_MAX];
};

/* Bits of open(2) that an injected file can have as the real one would. */
#define CARRIED_FLAGS                                                                              \
    (O_ACCMODE | O_CLOEXEC | O_LARGEFILE_OF_KERNEL | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK |          \
     O_APPEND | O_CREAT)
/* These make the kernel fail on a regular file that exists. */
#define FAILING_FLAGS (O_DIRECTORY)
/* O_LARGEFILE is 0 in the headers of 64-bit machines, but 32-bit programs set it. */
#if defined(__aarch64__)
#define O_LARGEFILE_OF_KERNEL 0400000
#else
#define O_LARGEFILE_OF_KERNEL 0100000
#endif

static uint64_t path_argument(const struct stopped_call *call, const struct known_call *known) {
    return call->arguments[known->task == TASK_OPEN ? 0 : 1];
}

/* struct open_how. False: the kernel is to judge it. */
static bool read_how(struct stopped_call *call, struct open_arguments *arguments) {
    const uint64_t known = K_RESOLVE_NO_XDEV | K_RESOLVE_NO_MAGICLINKS | K_RESOLVE_NO_SYMLINKS |
                           K_RESOLVE_BENEATH | K_RESOLVE_IN_ROOT | K_RESOLVE_CACHED;
    struct k_open_how how;
    if (call->arguments[3] != sizeof how ||
        call->mechanism->read(call, call->arguments[2], &how, sizeof how) != sizeof how ||
        how.flags > INT32_MAX || (how.resolve & ~known))
        return false;
    arguments->flags = (int)how.flags;
    arguments->request.resolve = how.resolve & ~(uint64_t)K_RESOLVE_CACHED;
    return (how.mode & ~(uint64_t)07777) == 0 && (how.mode == 0 || (how.flags & O_CREAT));
}

/* False: the kernel is to judge the call. */
static bool read_arguments(struct stopped_call *call, const struct known_call *known,
                           struct open_arguments *arguments) {
    arguments->request = (struct look_request){.path = arguments->path, .directory = AT_FDCWD};
    if (known->task != TASK_OPEN)
        arguments->request.directory = (int)call->arguments[0];
    if (known->task == TASK_OPENAT2) {
        if (!read_how(call, arguments))
            return false;
    } else {
        arguments->flags = (int)call->arguments[known->task == TASK_OPEN ? 1 : 2];
    }
    int both = O_CREAT | O_EXCL;
    arguments->request.no_follow = (arguments->flags & O_NOFOLLOW) != 0;
    return !(arguments->flags & FAILING_FLAGS) && (arguments->flags & both) != both;
}

/* Is the file a table, and of which kind? Its own name says so, however it was reached. */
static bool find_table(struct stopped_call *call, int fd, const struct stat *info,
                       enum spoof_table *table) {
    const struct surroundings *surroundings = server_surroundings(call->server);
    char name[TRACEE_PATH_MAX];
    struct k_statfs filesystem = {0};
    if (!S_ISREG(info->st_mode))
        return false;
    int error = look_statfs(call, fd, &filesystem);
    if (procfs_holds(surroundings, fd, filesystem.f_type, -error))
        return descriptor_name(surroundings->proc, fd, name, sizeof name) > 0 &&
               table_by_name(name, table);
    *table = SPOOF_TABLE_MOUNTS;
    return look_name(call, fd, name, sizeof name) > 0 && strcmp(name, "/etc/mtab") == 0;
}

/* All that can be read: malloc'ed, or NULL with errno set. */
static char *read_all(int fd, size_t *length) {
    size_t capacity = 1U << 16, have = 0;
    char *text = malloc(capacity);
    while (text) {
        ssize_t got = read(fd, text + have, capacity - have);
        if (got == 0) {
            *length = have;
            return text;
        }
        if (got < 0 && errno == EINTR)
            continue;
        have += got > 0 ? (size_t)got : 0;
        if (got < 0 || have >= TABLE_MAX) {
            errno = got < 0 ? errno : EFBIG;
            break;
        }
        if (capacity - have < capacity / 2) {
            char *grown = realloc(text, capacity * 2);
            if (!grown)
                break;
            text = grown;
            capacity *= 2;
        }
    }
    free(text);
    return NULL;
}

/* Made by ourselves: what others own would show that they made it. */
static int make_snapshot(struct server *server, const char *path, const struct table_change *change,
                         const struct stat *info) {
    if (become_self(server) != 0)
        abort(); /* never go on as somebody else: the guardian replaces us */
    int snapshot = snapshot_make(path, change->text, change->length, info);
    if (resume_identity(server) != 0)
        abort();
    return snapshot;
}

static struct verdict deliver_table(struct stopped_call *call, const uint8_t *policy,
                                    const struct open_arguments *arguments, enum spoof_table table,
                                    int real, const struct stat *info) {
    char program[PROGRAM_NAME];
    struct table_change change = {0};
    struct verdict verdict = let_run(FALLBACK_NONE);
    size_t length = 0;
    char *text = read_all(real, &length);
    if (!text)
        return let_run(FALLBACK_CONTENT);
    program_name(server_surroundings(call->server), call->tid, program);
    int error = mount_table_rewrite(policy, table, program, text, length, &change);
    free(text);
    if (error != 0)
        return let_run(FALLBACK_CONTENT);
    if (!change.text)
        return verdict; /* no rule holds: the real one, which can also be polled */
    int snapshot = make_snapshot(call->server, arguments->path, &change, info);
    free(change.text);
    if (snapshot < 0)
        return let_run(FALLBACK_CONTENT);
    verdict = (struct verdict){
        .decision = DECISION_DELIVER,
        .fd = snapshot,
        .fd_flags = (uint32_t)arguments->flags & O_CLOEXEC,
        .rule = change.rule,
        .answer = change.lines,
    };
    return verdict;
}

static struct verdict serve_found(struct stopped_call *call, const uint8_t *policy,
                                  const struct open_arguments *arguments, int fd) {
    struct stat info;
    enum spoof_table table;
    if (fstat(fd, &info) != 0 || !find_table(call, fd, &info, &table))
        return let_run(FALLBACK_NONE);
    if ((arguments->flags & ~CARRIED_FLAGS) || (arguments->flags & O_ACCMODE) != O_RDONLY)
        return let_run(FALLBACK_FLAGS);
    int real = look_open(call, fd, O_RDONLY);
    if (real < 0)
        return let_run(real == -EBUSY   ? FALLBACK_BUSY
                       : real == -EPERM ? FALLBACK_CREDENTIALS
                                        : FALLBACK_NONE);
    struct verdict verdict = deliver_table(call, policy, arguments, table, real, &info);
    close(real);
    const int status = O_NONBLOCK | O_APPEND;
    if (verdict.decision == DECISION_DELIVER && (arguments->flags & status))
        fcntl(verdict.fd, F_SETFL, arguments->flags & status);
    return verdict;
}

/* Where the kernel has no openat2(2) programs have to find that out, too. */
static bool kernel_has(enum call_task task) {
    static _Atomic int openat2_missing; /* 0: not known, 1: it is there, 2: it is not */
    if (task != TASK_OPENAT2)
        return true;
    if (openat2_missing == 0) {
        long result = syscall(K_NR_OPENAT2, AT_FDCWD, "/", NULL, 0UL);
        openat2_missing = result < 0 && errno == ENOSYS ? 2 : 1;
    }
    return openat2_missing == 1;
}

struct verdict serve_open(struct stopped_call *call, const struct known_call *known,
                          const uint8_t *policy) {
    struct open_arguments arguments;
    enum spoof_table table;
    ssize_t length = tracee_read_path(call, path_argument(call, known), arguments.path);
    if (length < 0)
        return let_run(length == -EPERM || length == -ENOSYS ? FALLBACK_MEMORY : FALLBACK_NONE);
    if (!table_by_name(arguments.path, &table) || !kernel_has(known->task) ||
        !read_arguments(call, known, &arguments))
        return let_run(FALLBACK_NONE);
    struct look look = look_path(call, &arguments.request);
    if (look.fd < 0)
        return let_run(look.fallback);
    struct verdict verdict = serve_found(call, policy, &arguments, look.fd);
    close(look.fd);
    if (verdict.decision == DECISION_DELIVER && !call->mechanism->still_stopped(call)) {
        close(verdict.fd);
        return let_run(FALLBACK_NONE);
    }
    return verdict;
}
