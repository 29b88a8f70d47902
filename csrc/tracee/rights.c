/* rights.c - changes the filesystem credentials of one thread.
 * Rule: raw system calls only; libc's wrappers would change every thread of the worker. Path search
 * is decided by fsuid, fsgid, groups and two capabilities (path_resolution(7), capabilities(7)). */
#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../process/again.h"

/* What leaving filesystem uid 0 takes away (capabilities(7)). */
#define FILESYSTEM_CAPABILITIES                                                                    \
    ((1ULL << CAP_DAC_OVERRIDE) | (1ULL << CAP_DAC_READ_SEARCH) | (1ULL << CAP_CHOWN) |            \
     (1ULL << CAP_FOWNER) | (1ULL << CAP_FSETID) | (1ULL << CAP_LINUX_IMMUTABLE) |                 \
     (1ULL << CAP_MKNOD) | (1ULL << CAP_MAC_OVERRIDE))

/* A user and group that no file belongs to; 65534 would be the owner of real files. */
static const struct credentials unprivileged = {
    .uid = 0xfffe0001U,
    .euid = 0xfffe0001U,
    .fsuid = 0xfffe0001U,
    .gid = 0xfffe0001U,
    .egid = 0xfffe0001U,
    .fsgid = 0xfffe0001U,
    .same_user_namespace = true,
};

/* All of them: they decide on searching directories and on following links through /proc. What is
 * taken away here stays permitted, so the thread can take it back. */
static int set_effective(uint64_t wanted) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0)
        return -errno;
    data[0].effective = (uint32_t)wanted & data[0].permitted;
    data[1].effective = (uint32_t)(wanted >> 32) & data[1].permitted;
    return syscall(SYS_capset, &header, data) == 0 ? 0 : -errno;
}

/* Real ones too, which decide on links through /proc (ptrace(2)). The saved ids stay ours, so that
 * the thread can come back. Capabilities follow the effective uid, and more of them than a
 * filesystem uid would change: the caller sets them. */
static int set_effective_ids(const struct credentials *own, const struct credentials *wanted) {
    return syscall(SYS_setresgid, wanted->gid, wanted->fsgid, own->fsgid) == 0 &&
                   syscall(SYS_setresuid, wanted->uid, wanted->fsuid, own->fsuid) == 0
               ? 0
               : -errno;
}

/* These two report the old value and no error: ask again to know (setfsuid(2), BUGS). */
static int set_filesystem_ids_alone(uid_t uid, gid_t gid) {
    syscall(SYS_setfsgid, gid);
    syscall(SYS_setfsuid, uid);
    if ((gid_t)syscall(SYS_setfsgid, -1) != gid || (uid_t)syscall(SYS_setfsuid, -1) != uid)
        return -EPERM;
    return 0;
}

/* In a user namespace that denies setgroups(2) this fails before it has changed anything. */
static int set_filesystem_ids(struct server *server, const struct credentials *wanted) {
    if (syscall(SYS_setgroups, wanted->group_count, wanted->groups) != 0)
        return -errno;
    server->rights = RIGHTS_BETWEEN; /* until the caller has done the rest */
    if (server->context->effective_ids)
        return set_effective_ids(&server->context->own, wanted);
    return set_filesystem_ids_alone(wanted->fsuid, wanted->fsgid);
}

/* /proc/sys, cgroups and FUSE ask for the effective ids, of who opens. The real and saved ones stay
 * ours: by them the tracee could send signals to us. */
static int set_opener(struct server *server, const struct credentials *wanted) {
    const bool differ = wanted->euid != wanted->fsuid || wanted->egid != wanted->fsgid;
    int result = 0;
    if (server->context->effective_ids)
        return 0;
    if (syscall(SYS_setresgid, -1, wanted->egid, -1) != 0 ||
        syscall(SYS_setresuid, -1, wanted->euid, -1) != 0)
        return -errno;
    if (differ)
        result = set_effective(server->context->own.effective);
    return result == 0 && differ ? set_filesystem_ids_alone(wanted->fsuid, wanted->fsgid) : result;
}

/* What the kernel gives and takes along with uid 0 is enough: who has no rights keeps all other
 * capabilities.
 */
static int set_filesystem_user(struct server *server, enum rights rights, uid_t uid) {
    syscall(SYS_setfsuid, uid);
    if ((uid_t)syscall(SYS_setfsuid, -1) != uid)
        return -EPERM;
    server->rights = rights;
    return 0;
}

int rights_own_user(struct server *server) {
    const struct context *context = server->context;
    const uint64_t needed = FILESYSTEM_CAPABILITIES & ~(1ULL << CAP_MAC_OVERRIDE);
    if (server->rights == RIGHTS_OWN_USER || server->rights == RIGHTS_PROXY)
        return 0;
    if (server->rights != RIGHTS_NONE || context->effective_ids ||
        (context->own.effective & needed) != needed)
        return rights_own(server);
    return set_filesystem_user(server, RIGHTS_OWN_USER, context->own.fsuid);
}

int rights_none(struct server *server) {
    const struct context *context = server->context;
    if (server->rights == RIGHTS_NONE || server->rights == RIGHTS_PROXY)
        return 0;
    if (server->rights == RIGHTS_OWN_USER)
        return set_filesystem_user(server, RIGHTS_NONE, unprivileged.fsuid);
    int result = rights_own(server);
    if (result != 0)
        return result;
    /* Leaving uid 0 takes the filesystem capabilities away too (capabilities(7)). */
    result = set_filesystem_ids(server, &unprivileged);
    if (result == 0 && context->effective_ids)
        result = set_effective(context->own.effective & ~FILESYSTEM_CAPABILITIES);
    if (result == 0)
        server->rights = RIGHTS_NONE;
    return result;
}

int rights_own(struct server *server) {
    const struct context *context = server->context;
    const struct credentials *own = &context->own;
    if (server->rights == RIGHTS_OWN || server->rights == RIGHTS_PROXY)
        return 0;
    const bool all = server->rights == RIGHTS_TRACEE || server->rights == RIGHTS_BETWEEN;
    int result = all ? set_effective(own->effective) : 0;
    if (result == 0)
        result = set_filesystem_ids(server, own);
    if (result == 0 && all)
        result = set_opener(server, own);
    if (result == 0 && (all || context->effective_ids))
        result = set_effective(own->effective); /* coming back to uid 0 changed them */
    if (result == 0)
        server->rights = RIGHTS_OWN;
    return result;
}

static int rights_usual(struct server *server) {
    return server->context->proof == PROOF_UNPRIVILEGED ? rights_none(server) : rights_own(server);
}

/* The kernel may have no memory for it just now; and a tracer that ends takes its whole tree along.
 */
void rights_must_own(struct server *server) {
    for (unsigned tries = 0; rights_own(server) != 0; tries++)
        again_or_end(tries);
}

void rights_must_own_user(struct server *server) {
    for (unsigned tries = 0; rights_own_user(server) != 0; tries++)
        again_or_end(tries);
}

void rights_must_usual(struct server *server) {
    for (unsigned tries = 0; rights_usual(server) != 0; tries++)
        again_or_end(tries);
}

static int rights_tracee(struct server *server, const struct credentials *credentials) {
    if (server->rights == RIGHTS_PROXY)
        return 0;
    const struct credentials *own = &server->context->own;
    int result = rights_own(server);
    if (result != 0 || (credentials->same_user_namespace && credentials_equal(credentials, own) &&
                        credentials->effective == own->effective))
        return result;
    result = set_filesystem_ids(server, credentials);
    if (result == 0)
        result = set_opener(server, credentials);
    if (result == 0)
        result = set_effective(credentials->same_user_namespace ? credentials->effective : 0);
    if (result == 0)
        server->rights = RIGHTS_TRACEE;
    return result;
}

bool rights_as_tracee(struct server *server, const struct credentials *credentials) {
    if (rights_are_taken_on(server->context))
        return rights_tracee(server, credentials) == 0;
    const struct credentials *own = &server->context->own;
    return credentials->same_user_namespace && credentials_equal(credentials, own) &&
           (own->effective & ~credentials->effective) == 0;
}

void rights_must_tracee(struct server *server, const struct credentials *credentials) {
    for (unsigned tries = 0; !rights_as_tracee(server, credentials); tries++)
        again_or_end(tries);
}

void rights_must_nobody(struct server *server) {
    for (unsigned tries = 0; rights_tracee(server, &unprivileged) != 0; tries++)
        again_or_end(tries);
}

/* Is somebody without any power kept from following the links of init? */
static bool guards_links(struct server *probing) {
    int fd = -1;
    if (rights_tracee(probing, &unprivileged) == 0)
        fd = openat(probing->context->proc, "1/exe", O_PATH | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

static bool have_openat2(void) {
    struct k_open_how how = {.flags = O_PATH | O_CLOEXEC};
    int fd = (int)syscall(K_NR_OPENAT2, AT_FDCWD, "/", &how, sizeof how);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static enum lookup_proof best_proof(const struct credentials *own) {
    const uint64_t needed = (1ULL << CAP_SYS_PTRACE) | (1ULL << CAP_SETUID) | (1ULL << CAP_SETGID);
    if ((own->effective & needed) == needed && own->fsuid == 0)
        return have_openat2() ? PROOF_UNPRIVILEGED : PROOF_BY_WALKING;
    return own->fsuid != 0 && own->effective == 0 ? PROOF_SAME_USER : PROOF_COMPARE;
}

int rights_choose_proof(struct context *context) {
    struct server probing = {.context = context};
    context->proof = best_proof(&context->own);
    /* Needs that user to exist in our user namespace. */
    if (rights_are_taken_on(context) && rights_none(&probing) != 0)
        context->proof = PROOF_COMPARE;
    context->guards_links =
        context->effective_ids && rights_are_taken_on(context) && guards_links(&probing);
    context->mounts = mounts_open();
    return rights_own(&probing);
}
