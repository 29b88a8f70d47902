/* credentials.c - whose filesystem credentials a lookup is made with.
 * Rule: raw system calls only; libc's wrappers would change every thread of the worker. Path search
 * is decided by fsuid, fsgid, groups and two capabilities (path_resolution(7), capabilities(7)). */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../supervisor/server.h"
#include "mounts.h"

#define SEARCH_CAPABILITIES ((1ULL << CAP_DAC_OVERRIDE) | (1ULL << CAP_DAC_READ_SEARCH))
/* What leaving filesystem uid 0 takes away (capabilities(7)). */
#define FILESYSTEM_CAPABILITIES                                                                    \
    (SEARCH_CAPABILITIES | (1ULL << CAP_CHOWN) | (1ULL << CAP_FOWNER) | (1ULL << CAP_FSETID) |     \
     (1ULL << CAP_LINUX_IMMUTABLE) | (1ULL << CAP_MKNOD) | (1ULL << CAP_MAC_OVERRIDE))

/* A user and group that no file belongs to; 65534 would be the owner of real files. */
static const struct credentials nobody = {
    .uid = 0xfffe0001U,
    .fsuid = 0xfffe0001U,
    .gid = 0xfffe0001U,
    .fsgid = 0xfffe0001U,
    .same_user_namespace = true,
};

static const char *field(const char *status, const char *name) {
    const char *found = strstr(status, name);
    return found ? found + strlen(name) : NULL;
}

/* The column-th (from 0) number of a line. */
static unsigned long column(const char *line, int number) {
    char *end = NULL;
    unsigned long value = 0;
    for (int i = 0; i <= number; i++) {
        value = strtoul(line, &end, 10);
        line = end;
    }
    return value;
}

pid_t last_number(const char *line) {
    long value = 0;
    while (*line && *line != '\n') {
        char *end = NULL;
        value = strtol(line, &end, 10);
        line = end;
        while (*line == ' ' || *line == '\t')
            line++;
    }
    return (pid_t)value;
}

static bool parse_groups(const char *line, struct credentials *credentials) {
    while (*line == ' ' || *line == '\t')
        line++;
    while (*line >= '0' && *line <= '9') {
        char *end = NULL;
        if (credentials->group_count == CREDENTIALS_GROUPS)
            return false;
        credentials->groups[credentials->group_count++] = (gid_t)strtoul(line, &end, 10);
        line = end;
        while (*line == ' ')
            line++;
    }
    return true;
}

int credentials_of(int proc, pid_t tid, struct credentials *credentials) {
    char name[64], status[8192];
    snprintf(name, sizeof name, "%d/status", tid);
    int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t length = read(fd, status, sizeof status - 1);
    int error = errno;
    close(fd);
    if (length <= 0)
        return length < 0 ? -error : -ESRCH;
    status[length] = '\0';
    memset(credentials, 0, sizeof *credentials);
    const char *tgid = field(status, "\nTgid:"), *uid = field(status, "\nUid:"),
               *gid = field(status, "\nGid:"), *groups = field(status, "\nGroups:"),
               *effective = field(status, "\nCapEff:"), *permitted = field(status, "\nCapPrm:");
    if (!tgid || !uid || !gid || !groups || !effective || !permitted ||
        !parse_groups(groups, credentials))
        return -EOVERFLOW;
    credentials->tgid = (pid_t)column(tgid, 0);
    credentials->uid = (uid_t)column(uid, 0);
    credentials->gid = (gid_t)column(gid, 0);
    credentials->fsuid = (uid_t)column(uid, 3);
    credentials->fsgid = (gid_t)column(gid, 3);
    credentials->effective = strtoull(effective, NULL, 16);
    credentials->permitted = strtoull(permitted, NULL, 16);
    const char *inner = field(status, "\nNStgid:");
    credentials->inner_tgid = inner ? last_number(inner) : 0;
    inner = field(status, "\nNSpid:");
    credentials->inner_tid = inner ? last_number(inner) : 0;
    return 0;
}

bool credentials_search_all(pid_t tid) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, tid};
    struct __user_cap_data_struct data[2];
    return syscall(SYS_capget, &header, data) == 0 &&
           (data[0].effective & (uint32_t)SEARCH_CAPABILITIES) != 0;
}

bool credentials_equal(const struct credentials *a, const struct credentials *b) {
    return a->fsuid == b->fsuid && a->fsgid == b->fsgid && a->group_count == b->group_count &&
           memcmp(a->groups, b->groups, a->group_count * sizeof *a->groups) == 0 &&
           (a->effective & SEARCH_CAPABILITIES) == (b->effective & SEARCH_CAPABILITIES);
}

int place_of(int directory, const char *path, struct place *place) {
    struct k_statx info;
    *place = (struct place){0};
    int flags = K_AT_STATX_DONT_SYNC | (*path ? 0 : AT_EMPTY_PATH);
    if (syscall(SYS_statx, directory, path, flags, K_STATX_INO | K_STATX_MNT_ID, &info) != 0)
        return -errno;
    if (!(info.stx_mask & K_STATX_MNT_ID))
        info.stx_mnt_id = 0; /* before Linux 5.8, and in gVisor: see place_is_root() */
    *place = (struct place){info.stx_mnt_id, info.stx_ino, info.stx_dev_major, info.stx_dev_minor};
    return 0;
}

bool place_equal(const struct place *a, const struct place *b) {
    return a->mount == b->mount && a->inode == b->inode && a->major == b->major &&
           a->minor == b->minor;
}

bool place_is_root(const struct surroundings *surroundings, pid_t tid, const struct place *place) {
    if (!place_equal(place, &surroundings->root))
        return false;
    /* The same directory can be the root of two namespaces with other mounts below it. */
    return place->mount != 0 ||
           namespace_of(surroundings->proc, tid, "mnt") == surroundings->mount_namespace;
}

bool thread_is_in_our_root(const struct surroundings *surroundings, pid_t tid) {
    char name[64];
    struct place root;
    snprintf(name, sizeof name, "%d/root", tid);
    return place_of(surroundings->proc, name, &root) == 0 &&
           place_is_root(surroundings, tid, &root);
}

bool place_is_in_memory(const struct surroundings *surroundings, const struct place *place) {
    return surroundings->memory_known && place->major == surroundings->memory_major &&
           place->minor == surroundings->memory_minor;
}

uint64_t namespace_of(int proc, pid_t tid, const char *kind) {
    char name[64];
    struct stat info, here;
    snprintf(name, sizeof name, "%d/ns/%s", tid, kind);
    /* A namespace lies on a filesystem of its own. gVisor before 2023 has a file on procfs instead,
     * with another number for each process. */
    if (fstatat(proc, name, &info, 0) != 0 || fstat(proc, &here) != 0 || info.st_dev == here.st_dev)
        return 0;
    return info.st_ino;
}

static ssize_t read_uid_map(int proc, pid_t tid, char *map, size_t capacity) {
    char name[64];
    snprintf(name, sizeof name, "%d/uid_map", tid);
    int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, map, capacity);
    close(fd);
    return length;
}

bool is_in_our_user_namespace(const struct surroundings *surroundings, pid_t tid) {
    char ours[4096], theirs[4096];
    uint64_t namespace = namespace_of(surroundings->proc, tid, "user");
    if (namespace != 0 || surroundings->user_namespace != 0)
        return namespace == surroundings->user_namespace;
    /* Not to be told apart by number: by whom it maps. A copy of our own map gives no more power
     * over files than ours. */
    ssize_t length = read_uid_map(surroundings->proc, tid, theirs, sizeof theirs);
    return length == read_uid_map(surroundings->proc, getpid(), ours, sizeof ours) &&
           (length <= 0 || memcmp(ours, theirs, (size_t)length) == 0);
}

static bool have_openat2(void) {
    struct k_open_how how = {.flags = O_PATH | O_CLOEXEC};
    int fd = (int)syscall(K_NR_OPENAT2, AT_FDCWD, "/", &how, sizeof how);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* All of them lie on one mount that the kernel keeps for itself. */
static void find_memory(struct surroundings *surroundings) {
    struct place place;
    int fd = (int)syscall(SYS_memfd_create, "", K_MFD_CLOEXEC);
    if (fd < 0)
        return;
    /* gVisor may have no device of its own for it. */
    if (place_of(fd, "", &place) == 0 && (place.major != 0 || place.minor != 0)) {
        surroundings->memory_known = true;
        surroundings->memory_major = place.major;
        surroundings->memory_minor = place.minor;
    }
    close(fd);
}

int surroundings_read(struct surroundings *surroundings) {
    surroundings->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (surroundings->proc < 0)
        return -errno;
    int result = place_of(AT_FDCWD, "/", &surroundings->root);
    if (result == 0)
        result = place_of(surroundings->proc, "", &surroundings->proc_root);
    if (result == 0)
        result = credentials_of(surroundings->proc, getpid(), &surroundings->own);
    if (result != 0)
        return result;
    find_memory(surroundings);
    surroundings->effective_ids = syscall(SYS_setfsuid, -1) == -1 && errno == ENOSYS;
    surroundings->user_namespace = namespace_of(surroundings->proc, getpid(), "user");
    surroundings->pid_namespace = namespace_of(surroundings->proc, getpid(), "pid");
    surroundings->mount_namespace = namespace_of(surroundings->proc, getpid(), "mnt");
    const uint64_t needed = (1ULL << CAP_SYS_PTRACE) | (1ULL << CAP_SETUID) | (1ULL << CAP_SETGID);
    const struct credentials *own = &surroundings->own;
    if ((own->effective & needed) == needed && own->fsuid == 0)
        surroundings->proof = have_openat2() ? PROOF_AS_NOBODY : PROOF_BY_WALKING;
    else if (own->fsuid != 0 && own->effective == 0)
        surroundings->proof = PROOF_SAME_USER;
    else
        surroundings->proof = PROOF_COMPARE;
    return 0;
}

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

/* In a user namespace that denies setgroups(2) this fails before it has changed anything. */
static int set_filesystem_ids(struct server *server, enum identity identity,
                              const struct credentials *wanted) {
    const uid_t uid = wanted->fsuid;
    const gid_t gid = wanted->fsgid;
    if (syscall(SYS_setgroups, wanted->group_count, wanted->groups) != 0)
        return -errno;
    server->identity = identity;
    if (server_surroundings(server)->effective_ids)
        return set_effective_ids(&server_surroundings(server)->own, wanted);
    /* These two report the old value and no error: ask again to know (setfsuid(2), BUGS). */
    syscall(SYS_setfsgid, gid);
    syscall(SYS_setfsuid, uid);
    if ((gid_t)syscall(SYS_setfsgid, -1) != gid || (uid_t)syscall(SYS_setfsuid, -1) != uid)
        return -EPERM;
    return 0;
}

/* What the kernel gives and takes along with uid 0 is enough: nobody keeps all other capabilities.
 */
static int set_filesystem_user(struct server *server, enum identity identity, uid_t uid) {
    syscall(SYS_setfsuid, uid);
    if ((uid_t)syscall(SYS_setfsuid, -1) != uid)
        return -EPERM;
    server->identity = identity;
    return 0;
}

int become_owner(struct server *server) {
    const struct surroundings *surroundings = server_surroundings(server);
    const uint64_t needed = FILESYSTEM_CAPABILITIES & ~(1ULL << CAP_MAC_OVERRIDE);
    if (server->identity == IDENTITY_OWNER)
        return 0;
    if (server->identity != IDENTITY_NOBODY || surroundings->effective_ids ||
        (surroundings->own.effective & needed) != needed)
        return become_self(server);
    return set_filesystem_user(server, IDENTITY_OWNER, surroundings->own.fsuid);
}

int become_nobody(struct server *server) {
    const struct surroundings *surroundings = server_surroundings(server);
    if (server->identity == IDENTITY_NOBODY)
        return 0;
    if (server->identity == IDENTITY_OWNER)
        return set_filesystem_user(server, IDENTITY_NOBODY, nobody.fsuid);
    int result = become_self(server);
    if (result != 0)
        return result;
    /* Leaving uid 0 takes the filesystem capabilities away too (capabilities(7)). */
    result = set_filesystem_ids(server, IDENTITY_NOBODY, &nobody);
    if (result == 0 && surroundings->effective_ids)
        result = set_effective(surroundings->own.effective & ~FILESYSTEM_CAPABILITIES);
    return result;
}

int become_self(struct server *server) {
    const struct surroundings *surroundings = server_surroundings(server);
    const struct credentials *own = &surroundings->own;
    if (server->identity == IDENTITY_SELF)
        return 0;
    int result = server->identity == IDENTITY_TRACEE ? set_effective(own->effective) : 0;
    if (result == 0)
        result = set_filesystem_ids(server, server->identity, own);
    if (result == 0 && (server->identity == IDENTITY_TRACEE || surroundings->effective_ids))
        result = set_effective(own->effective); /* coming back to uid 0 changed them */
    if (result == 0)
        server->identity = IDENTITY_SELF;
    return result;
}

int resume_identity(struct server *server) {
    return server_surroundings(server)->proof == PROOF_AS_NOBODY ? become_nobody(server)
                                                                 : become_self(server);
}

void act_as_owner(struct server *server) {
    if (become_owner(server) != 0)
        abort();
}

void act_as_usual(struct server *server) {
    if (resume_identity(server) != 0)
        abort();
}

int become_tracee(struct server *server, const struct credentials *credentials) {
    const struct credentials *own = &server_surroundings(server)->own;
    int result = become_self(server);
    if (result != 0 || (credentials->same_user_namespace && credentials_equal(credentials, own) &&
                        credentials->effective == own->effective))
        return result;
    result = set_filesystem_ids(server, IDENTITY_TRACEE, credentials);
    if (result != 0)
        return result;
    return set_effective(credentials->same_user_namespace ? credentials->effective : 0);
}

/* Is somebody without any power kept from following the links of init? */
static bool guards_links(struct server *trial) {
    int fd = -1;
    if (become_tracee(trial, &nobody) == 0)
        fd = openat(trial->surroundings->proc, "1/exe", O_PATH | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

int surroundings_settle(struct surroundings *surroundings) {
    struct server trial = {.surroundings = surroundings};
    if (takes_identities(surroundings) && become_nobody(&trial) != 0)
        surroundings->proof = PROOF_COMPARE;
    surroundings->guards_links =
        surroundings->effective_ids && takes_identities(surroundings) && guards_links(&trial);
    surroundings->mounts = mounts_open();
    return become_self(&trial);
}
