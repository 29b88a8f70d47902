/* injected.c - fstatfs of injected files.
 * Rule: known by name, which outlives workers, dup and fork, and by inode where a program names its
 * file itself. A program may call a memfd of its own so; it then fools nobody but itself. */
#include "injected.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/snapshot.h"
#include "../policy/match.h"

#define NOTES 1024U

/* The latest files that have a filesystem of their own: of traced programs, or with names that are
 * cut off. Two threads never write to the same place, until a thousand do at once. */
static struct {
    _Atomic uint64_t inode;
    _Atomic uint64_t filesystem;
} notes[NOTES];
static _Atomic unsigned next_note;

void injected_note(int fd, uint64_t filesystem) {
    struct stat info;
    if (filesystem == 0 || fstat(fd, &info) != 0)
        return;
    const unsigned place = next_note++ % NOTES;
    notes[place].inode = 0;
    notes[place].filesystem = filesystem;
    notes[place].inode = info.st_ino;
}

/* 0: not known. */
static uint64_t noted(int fd) {
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        return 0;
    for (unsigned i = 0; i < NOTES; i++)
        if (notes[i].inode == info.st_ino)
            return notes[i].filesystem;
    return 0;
}

/* On what a path of ours lies, or would lie if its directory were there. */
static uint64_t of_place(const char *path) {
    char directory[4096];
    struct k_statfs info;
    if (strlen(path) >= sizeof directory)
        return 0;
    memcpy(directory, path, strlen(path) + 1);
    for (char *slash; (slash = strrchr(directory, '/'));) {
        slash[slash == directory ? 1 : 0] = '\0';
        if (syscall(SYS_statfs, directory, &info) == 0)
            return (uint64_t)info.f_type;
        if (slash == directory)
            break;
    }
    return 0;
}

static uint64_t of_path(const uint8_t *policy, const char *path) {
    uint32_t number;
    if (!match_file(policy, path, NULL, &number))
        return 0;
    const struct blob_file_rule *rule = blob_file_rule(policy, number);
    if (rule->filesystem != 0)
        return rule->filesystem;
    bool made = rule->kind == SPOOF_FILE_CONTENT || rule->kind == SPOOF_FILE_GENERATED;
    return made ? of_place(path) : 0;
}

/* A file of procfs, not its root: gVisor before 2023 has no statfs for some. */
static int statfs_of_table(const struct context *context, struct k_statfs *info) {
    int fd = openat(context->proc, "self/mountinfo", O_PATH | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = syscall(SYS_fstatfs, fd, info) == 0 ? 0 : -errno;
    close(fd);
    return error;
}

void injected_fill(uint64_t filesystem, struct k_statfs *info) {
    *info = (struct k_statfs){
        .f_type = (int64_t)filesystem,
        .f_bsize = 4096,
        .f_namelen = 255,
        .f_frsize = 4096,
        .f_flags = K_ST_VALID,
    };
}

bool injected_by_name(const uint8_t *policy, const char *link) {
    return snapshot_is_table(link) ||
           (blob_header(policy)->files.count > 0 && strncmp(link, "/memfd:", 7) == 0);
}

bool injected_statfs(const uint8_t *policy, const struct context *context, int fd, char *link,
                     struct k_statfs *info, int *error) {
    if (info->f_type != K_TMPFS_MAGIC)
        return false;
    if (snapshot_is_table(link)) {
        *error = statfs_of_table(context, info);
        return true;
    }
    const char *path = blob_header(policy)->files.count > 0 ? snapshot_path(link) : NULL;
    uint64_t filesystem = path ? noted(fd) : 0;
    if (path && filesystem == 0 && path[0] == '/')
        filesystem = of_path(policy, path);
    if (filesystem == 0)
        return false;
    injected_fill(filesystem, info);
    return true;
}
