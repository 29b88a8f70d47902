/* procfs.c - what belongs to other processes, the supervisor's above all, by a link that a redirect
 * leads through and by files that are rewritten. What the program can open itself is no gain: each
 * is opened directly, too. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attack.h"

static char link_path[1024], ruled_path[1024], bound_path[1024];
static unsigned tried;

static int opens(const char *path, int flags) {
    int fd = open(path, flags | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int may_read(const char *path, int flags) {
    (void)flags;
    return access(path, R_OK) == 0;
}

static int is_told(const char *path, int flags) {
    struct stat info;
    (void)flags;
    return stat(path, &info) == 0;
}

/* Twice: a process may end, or become another user's, between two calls. */
static void gain(int (*works)(const char *, int), int flags, const char *direct,
                 const char *ruled) {
    for (int times = 0; works(ruled, flags) && !works(direct, flags); times++)
        if (times == 1) {
            printf("gain: %s by %s, flags %d\n", direct, ruled, flags);
            return;
        }
}

/* `direct`: no rule names it. */
static void compare(const char *direct, const char *ruled) {
    static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++, tried++)
        gain(opens, flags[i], direct, ruled);
    gain(may_read, 0, direct, ruled);
    gain(is_told, 0, direct, ruled);
}

static void by_link(const char *to) {
    unlink(link_path);
    if (symlink(to, link_path) == 0)
        compare(to, ruled_path);
}

static void attack_process(const char *pid) {
    static const char *const entries[] = {
        "maps", "smaps", "numa_maps", "environ", "mem",     "auxv",     "syscall",    "stack",
        "stat", "io",    "wchan",     "pagemap", "limits",  "fd",       "fdinfo",     "status",
        "cwd",  "exe",   "root",      "cwd/etc", "ns/user", "root/etc", "clear_refs",
    };
    char path[4096], ruled[4096];
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        snprintf(path, sizeof path, "/proc/%s/task/%s/%s", pid, pid, entries[i]);
        by_link(path);
        snprintf(ruled, sizeof ruled, "/proc/%s/%s", pid, entries[i]);
        compare(path, ruled);
        by_link(ruled);
    }
    for (int fd = 0; fd < 40; fd++) {
        snprintf(path, sizeof path, "/proc/%s/fd/%d", pid, fd);
        by_link(path);
        snprintf(path, sizeof path, "/proc/%s/fdinfo/%d", pid, fd);
        by_link(path);
    }
}

/* Is it a supervisor, or the first process? */
static int is_worthwhile(const char *pid) {
    char path[512], name[32] = "";
    snprintf(path, sizeof path, "/proc/%s/comm", pid);
    FILE *file = fopen(path, "re");
    if (file && !fgets(name, sizeof name, file))
        name[0] = '\0';
    if (file)
        fclose(file);
    return strcmp(pid, "1") == 0 || strncmp(name, "spoof-", 6) == 0;
}

/* Its descriptors, where a name says that they are ours: a directory called as our own. */
static void attack_by_mount(const char *pid) {
    char path[4096], from[512];
    snprintf(from, sizeof from, "/proc/%s/fd", pid);
    snprintf(path, sizeof path, "%s/%d/fd", bound_path, getpid());
    if (mount(from, path, NULL, MS_BIND, NULL) != 0)
        return;
    for (int fd = 0; fd < 40; fd++) {
        snprintf(path, sizeof path, "%s/%d/fd/%d", bound_path, getpid(), fd);
        by_link(path);
    }
    snprintf(path, sizeof path, "%s/%d/fd", bound_path, getpid());
    umount2(path, MNT_DETACH);
}

void attack_processes(const char *directory) {
    char path[8192];
    snprintf(link_path, sizeof link_path, "%s/own/via", directory);
    snprintf(ruled_path, sizeof ruled_path, "%s/via", directory);
    snprintf(bound_path, sizeof bound_path, "%s/own/mounts", directory);
    mkdir(bound_path, 0755);
    snprintf(path, sizeof path, "%s/%d", bound_path, getpid());
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/%d/fd", bound_path, getpid());
    mkdir(path, 0755);
    DIR *proc = opendir("/proc");
    for (const struct dirent *entry; proc && (entry = readdir(proc));) {
        if (atoi(entry->d_name) <= 0 || !is_worthwhile(entry->d_name))
            continue;
        attack_process(entry->d_name);
        attack_by_mount(entry->d_name);
    }
    if (proc)
        closedir(proc);
    /* Of a traced program there are two: the first process, and its tracer. */
    printf("%s\n", tried > 800 ? "tried" : "nothing tried");
    fflush(stdout);
}
