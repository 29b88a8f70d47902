/* surfaces.c - `supervisor surfaces PATH...`: what every surface says of the filesystem below a
 * path. Rule: asks as any program asks, so that wrapped it is told what any program is told; an
 * error of one surface is an answer of that surface, and ends nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/read_all.h"
#include "../process/failure.h"
#include "doctor.h"

/* A table may hold any bytes, JSON only characters: each byte is written as one, as in Latin-1. */
static void put_text(const char *text, size_t length) {
    putchar('"');
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\')
            putchar('\\');
        if (byte < ' ' || byte > '~')
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void put_error(int error) {
    printf("{\"error\": %d}", error);
}

static void put_statfs(long result, const struct k_statfs *info) {
    if (result != 0)
        put_error(errno);
    else
        printf("{\"type\": %u}", (unsigned)info->f_type);
}

/* What a program gets that opens the path; a device or a FIFO may do something when it is opened,
 * and some files may not be read: these are only looked at. */
static int open_harmlessly(const char *path, int look) {
    struct stat info;
    if (stat(path, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))) {
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0 || errno != EACCES)
            return fd;
    }
    return fcntl(look, F_DUPFD_CLOEXEC, 0);
}

static void tell_fstatfs(const char *path, int look, int look_error) {
    struct k_statfs info = {0};
    int fd = open_harmlessly(path, look);
    if (fd < 0) {
        put_error(look < 0 ? look_error : errno);
        return;
    }
    put_statfs(syscall(SYS_fstatfs, fd, &info), &info);
    close(fd);
}

static bool mount_id(int fd, uint32_t kind, uint64_t *id) {
    struct k_statx info = {0};
    if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH | K_AT_STATX_DONT_SYNC, kind, &info) != 0)
        return false;
    *id = info.stx_mnt_id;
    return (info.stx_mask & kind) != 0;
}

static void tell_statmount(int look) {
    union {
        struct k_statmount mount;
        char bytes[sizeof(struct k_statmount) + 1024];
    } answer = {.bytes = {0}};
    const struct k_statmount *mount = &answer.mount;
    struct k_mnt_id_req request = {
        .size = K_MNT_ID_REQ_SIZE_VER0,
        .param = K_STATMOUNT_SB_BASIC | K_STATMOUNT_FS_TYPE | K_STATMOUNT_FS_SUBTYPE,
    };
    if (!mount_id(look, K_STATX_MNT_ID_UNIQUE, &request.mnt_id)) {
        put_error(ENOSYS);
        return;
    }
    if (syscall(K_NR_STATMOUNT, &request, &answer, sizeof answer, 0) != 0) {
        put_error(errno);
        return;
    }
    answer.bytes[sizeof answer - 1] = '\0';
    const char *texts = answer.bytes + sizeof answer.mount;
    const size_t room = sizeof answer - sizeof answer.mount;
    char name[512];
    bool named = (mount->mask & K_STATMOUNT_FS_TYPE) && mount->fs_type < room;
    bool subtype = (mount->mask & K_STATMOUNT_FS_SUBTYPE) && mount->fs_subtype < room;
    snprintf(name, sizeof name, "%s%s%s", named ? texts + mount->fs_type : "", subtype ? "." : "",
             subtype ? texts + mount->fs_subtype : "");
    printf("{\"type\": %u, \"fstype\": ", (unsigned)mount->sb_magic);
    put_text(name, strlen(name));
    putchar('}');
}

/* Where the path leads, and on which mount; null for what cannot be known. */
static void tell_place(int look) {
    char entry[64], name[4097];
    struct stat info;
    uint64_t id = 0;
    snprintf(entry, sizeof entry, "/proc/self/fd/%d", look);
    ssize_t length = look < 0 ? -1 : readlink(entry, name, sizeof name);
    fputs(", \"resolved\": ", stdout);
    if (length > 0 && name[0] == '/' && (size_t)length < sizeof name)
        put_text(name, (size_t)length);
    else
        fputs("null", stdout);
    fputs(", \"device\": ", stdout);
    if (look >= 0 && fstat(look, &info) == 0)
        printf("\"%u:%u\"", major(info.st_dev), minor(info.st_dev));
    else
        fputs("null", stdout);
    fputs(", \"mount\": ", stdout);
    if (look >= 0 && mount_id(look, K_STATX_MNT_ID, &id))
        printf("%llu", (unsigned long long)id);
    else
        fputs("null", stdout);
}

static void tell_path(const char *path) {
    struct k_statfs info = {0};
    int look = open(path, O_PATH | O_CLOEXEC), error = errno;
    fputs("    {\"path\": ", stdout);
    put_text(path, strlen(path));
    tell_place(look);
    fputs(",\n     \"statfs\": ", stdout);
    put_statfs(syscall(SYS_statfs, path, &info), &info);
    fputs(", \"fstatfs\": ", stdout);
    tell_fstatfs(path, look, error);
    fputs(", \"statmount\": ", stdout);
    if (look < 0)
        put_error(error);
    else
        tell_statmount(look);
    putchar('}');
    if (look >= 0)
        close(look);
}

static void tell_table(const char *path) {
    size_t length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd >= 0 ? read_all(fd, &length) : NULL;
    int error = errno;
    if (fd >= 0)
        close(fd);
    printf("    \"%s\": ", path);
    if (text) {
        fputs("{\"text\": ", stdout);
        put_text(text, length);
        putchar('}');
    } else {
        put_error(error);
    }
    free(text);
}

int verb_surfaces(int count, char **arguments) {
    static const char *const tables[] = {
        "/proc/self/mountinfo",  "/proc/self/mounts", "/etc/mtab",
        "/proc/self/mountstats", "/proc/filesystems",
    };
    fputs("{\n  \"paths\": [\n", stdout);
    for (int i = 0; i < count; i++) {
        tell_path(arguments[i]);
        fputs(i + 1 < count ? ",\n" : "\n", stdout);
    }
    fputs("  ],\n  \"tables\": {\n", stdout);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        tell_table(tables[i]);
        fputs(i + 1 < sizeof tables / sizeof *tables ? ",\n" : "\n", stdout);
    }
    fputs("  }\n}\n", stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : STATUS_OUR_FAULT;
}
