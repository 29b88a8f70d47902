/* who.c - the kinds of unprivileged programs. */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"

#define USER 12345

static void drop_to(uid_t user, size_t count, const gid_t *groups) {
    if (setgroups(count, groups) != 0 || setresgid(user, user, user) != 0 ||
        setresuid(user, user, user) != 0)
        _exit(3);
    prctl(PR_SET_DUMPABLE, 1);
}

static void keep(int capability) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    prctl(PR_SET_KEEPCAPS, 1);
    drop_to(USER, 0, NULL);
    data[capability / 32].effective = data[capability / 32].permitted = 1U << capability % 32;
    if (syscall(SYS_capset, &header, data) != 0)
        _exit(3);
}

static void write_to(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        _exit(3);
    close(fd);
}

/* A user namespace in which the user is `inside`, by its own hands. */
static int own_user_namespace(int more, const char *map) {
    if (unshare(CLONE_NEWUSER | more) != 0)
        return 0;
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", map);
    write_to("/proc/self/gid_map", map);
    return 1;
}

static int no_files(void) {
    const struct landlock_ruleset_attr attributes = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE,
    };
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    return rules >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_landlock_restrict_self, rules, 0) == 0;
}

static void *as_other(void *then) {
    syscall(SYS_setresuid, -1, USER, -1); /* of this thread alone */
    ((void (*)(void))then)();
    return NULL;
}

static void *as_other_for_files(void *then) {
    syscall(SYS_setfsgid, USER);
    syscall(SYS_setfsuid, USER);
    ((void (*)(void))then)();
    return NULL;
}

static int in_thread(void *(*start)(void *), void (*then)(void)) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, start, (void *)then) != 0)
        return 0;
    pthread_join(thread, NULL);
    return 1;
}

/* What is done after the user has changed. 0: not to be had here. */
static int change(const char *who) {
    if (strcmp(who, "no-new-privileges") == 0)
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (strcmp(who, "user-namespace") == 0)
        return own_user_namespace(0, "0 12345 1");
    if (strcmp(who, "own-mounts") == 0)
        return own_user_namespace(CLONE_NEWNS, "0 12345 1");
    if (strcmp(who, "unmapped") == 0)
        return unshare(CLONE_NEWUSER) == 0;
    if (strcmp(who, "landlock") == 0)
        return no_files();
    if (strcmp(who, "no-size") == 0) {
        const struct rlimit none = {0, 0};
        signal(SIGXFSZ, SIG_IGN);
        return setrlimit(RLIMIT_FSIZE, &none) == 0;
    }
    if (strcmp(who, "no-descriptors") == 0) {
        const struct rlimit none = {3, 3};
        return setrlimit(RLIMIT_NOFILE, &none) == 0;
    }
    return strcmp(who, "user") == 0 || strcmp(who, "groups") == 0;
}

int become(const char *who, void (*then)(void)) {
    const gid_t groups[] = {777, 778};
    static const struct {
        const char *name;
        int capability;
    } capabilities[] = {
        {"dac-read-search", CAP_DAC_READ_SEARCH},
        {"sys-ptrace", CAP_SYS_PTRACE},
        {"fowner", CAP_FOWNER},
        {"chown", CAP_CHOWN},
        {"sys-admin", CAP_SYS_ADMIN},
        {"setuid", CAP_SETUID},
    };
    if (strcmp(who, "thread") == 0 || strcmp(who, "files-of-thread") == 0) {
        setgroups(0, NULL);
        return in_thread(who[0] == 't' ? as_other : as_other_for_files, then);
    }
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
        if (strcmp(who, capabilities[i].name) == 0) {
            keep(capabilities[i].capability);
            then();
            return 1;
        }
    drop_to(USER, strcmp(who, "groups") == 0 ? 2 : 0, groups);
    if (!change(who))
        return 0;
    then();
    return 1;
}
