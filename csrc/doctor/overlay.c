/* overlay.c - `supervisor overlay DIRECTORY`: can an overlay have its upper directory there? Tried
 * by a throw-away child, in directories that it makes and removes. Rule: what the mount cannot be
 * tried for (no right to mount, a read-only directory) is no answer. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../probe/child.h"
#include "../process/failure.h"
#include "doctor.h"

struct overlay_probe {
    int error;        /* errno of the step that failed */
    const char *step; /* what failed; child and parent have the same texts */
    bool prepared;    /* whether the mount itself, or its use, was tried */
};

static int make_file(const char *path) {
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place) {
    (void)info;
    (void)type;
    return place->level > 0 ? remove(path) : 0;
}

/* containerd refuses a directory that does not tell the types of what is in it ("does not support
 * d_type"), though the kernel mounts an overlay there. */
static int tells_types(void) {
    const struct dirent *entry;
    bool all = true;
    DIR *here = opendir(".");
    if (here == NULL)
        return -1;
    errno = 0;
    while ((entry = readdir(here)) != NULL)
        all = all && entry->d_type != DT_UNKNOWN;
    int error = errno != 0 ? errno : all ? 0 : EOPNOTSUPP;
    closedir(here);
    errno = error;
    return error == 0 ? 0 : -1;
}

/* As the database of containerd is mapped (bbolt): 9p without a cache refuses it. */
static int maps_shared(void) {
    int fd = open("lower/old", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -1;
    void *mapped = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    int error = errno;
    close(fd);
    if (mapped != MAP_FAILED)
        munmap(mapped, 1);
    errno = error;
    return mapped != MAP_FAILED ? 0 : -1;
}

/* As k3s has its datastore answer (kine.sock): qemu's server of 9p with security_model=passthrough
 * refuses it. */
static int makes_sockets(void) {
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0)
        return -1;
    int result = bind(made, (const struct sockaddr *)&address, sizeof address);
    if (result == 0)
        result = chmod(address.sun_path, 0600);
    int error = errno;
    close(made);
    errno = error;
    return result;
}

static int change_file(const char *path) {
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    return fd < 0 ? -1 : close(fd);
}

/* What containers do to their layers. A file or directory that is changed is copied first, with an
 * extended attribute that not each server of 9p takes. */
static const char *use_overlay(void) {
    if (make_file("merged/new") != 0)
        return "make a file in it";
    if (make_file("merged/directory/new") != 0)
        return "make a file in a lower directory";
    if (change_file("merged/changed") != 0)
        return "change a file of a lower directory";
    if (unlink("merged/old") != 0)
        return "remove a file of a lower directory";
    if (access("merged/old", F_OK) == 0)
        return "hide a file of a lower directory";
    return NULL;
}

/* gVisor wants absolute paths; where these have what separates options, there are relative ones. */
static int mount_overlay(void) {
    char at[PATH_MAX], options[3 * PATH_MAX + 64];
    if (getcwd(at, sizeof at) == NULL)
        return -1;
    const char *base = strpbrk(at, ",:\\") == NULL ? at : ".";
    snprintf(options, sizeof options, "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", base,
             base, base);
    return mount("overlay", "merged", "overlay", 0, options);
}

/* In the probe's own directory. */
static const char *try_overlay(struct overlay_probe *probe) {
    if (mkdir("lower", 0700) != 0 || mkdir("upper", 0700) != 0 || mkdir("work", 0700) != 0 ||
        mkdir("merged", 0700) != 0 || mkdir("lower/directory", 0700) != 0 ||
        make_file("lower/changed") != 0 || make_file("lower/old") != 0)
        return "make files there";
    probe->prepared = true;
    if (tells_types() != 0)
        return "learn the types of files from their directory";
    if (maps_shared() != 0)
        return "map a file there that can be written to";
    if (makes_sockets() != 0)
        return "make a socket there";
    probe->prepared = false;
    if (unshare(CLONE_NEWNS) != 0)
        return "have a mount namespace of its own";
    /* gVisor of 2022 refuses this, and keeps mounts to itself. */
    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    probe->prepared = true;
    if (mount_overlay() != 0) {
        probe->prepared = errno != EPERM && errno != EACCES;
        return "mount an overlay";
    }
    const char *failed = use_overlay();
    int error = errno;
    /* gVisor of 2022 does not isolate: a mount that stays would be seen. */
    umount2("merged", MNT_DETACH);
    errno = error;
    return failed;
}

static enum stage child(void *shared, int socket) {
    struct overlay_probe *probe = shared;
    char name[] = ".seccomp-spoof-overlay-XXXXXX";
    (void)socket;
    if (mkdtemp(name) == NULL) {
        probe->step = "make files there";
        probe->error = errno;
        return STAGE_WRONG;
    }
    probe->step = chdir(name) == 0 ? try_overlay(probe) : "make files there";
    probe->error = errno;
    nftw(".", remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    if (chdir("..") == 0)
        rmdir(name);
    return probe->step == NULL ? STAGE_DONE : STAGE_WRONG;
}

int verb_overlay(int count, char **arguments) {
    struct probe_result result;
    struct overlay_probe *probe = probe_begin(sizeof *probe, &result);
    if (probe == NULL || count != 1 || chdir(arguments[0]) != 0) {
        printf("{\"works\": null, \"why\": \"cannot look there: %s\"}\n", strerror(errno));
        return 0;
    }
    fflush(stdout);
    int stage = probe_one(child, probe);
    if (stage == STAGE_DONE)
        puts("{\"works\": true, \"why\": \"an overlay was mounted there, and written to\"}");
    else if (probe->step == NULL)
        puts("{\"works\": null, \"why\": \"the probe did not end\"}");
    else
        printf("{\"works\": %s, \"why\": \"cannot %s: %s\"}\n", probe->prepared ? "false" : "null",
               probe->step, strerror(probe->error));
    munmap(probe, sizeof *probe);
    return fflush(stdout) == 0 ? 0 : STATUS_OUR_FAULT;
}
