/* mounts.c - the table of mounts that never sleep, kept fresh by POLLPRI.
 * Rule: a mount id that is not in our own, current mountinfo is never said not to sleep: ids are
 * reused.
 */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BITS 64U

/* Mount points, NUL-terminated one after another. */
struct points {
    char *text;
    size_t length;
    bool incomplete; /* for want of memory */
};

struct mounts {
    int fd;
    bool looks_sleep;
    uint64_t highest; /* ids below this have a bit */
    uint64_t *never_sleep;
    _Atomic bool has_triggers; /* the one thing that other threads than the receiver may ask */
    struct points triggers;    /* mount points of autofs */
    struct points slow;        /* of all that may sleep */
    struct points silent;      /* ... that does not tell of changes */
};

/* Filesystems of the kernel's own that keep what statfs answers in memory. */
static const char *const memory_types[] = {
    "ext2",     "ext3",       "ext4",     "xfs",     "btrfs",    "f2fs",        "tmpfs",
    "ramfs",    "devtmpfs",   "proc",     "sysfs",   "cgroup",   "cgroup2",     "devpts",
    "mqueue",   "hugetlbfs",  "squashfs", "vfat",    "exfat",    "iso9660",     "debugfs",
    "tracefs",  "securityfs", "bpf",      "pstore",  "configfs", "binfmt_misc", "rootfs",
    "efivarfs", "selinuxfs",  "nsfs",     "fusectl", "udf",      "erofs",       "zfs",
};

/* Of these, where a file changes only by a system call that inotify(7) sees. Those of the kernel's
 * own come and go without one. */
static const char *const telling_types[] = {
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "ramfs", "devtmpfs", "rootfs",
};

/* Not in memory, but a look at an inode (O_PATH, AT_STATX_DONT_SYNC) asks no server. */
static const char *const obedient_types[] = {"overlay", "autofs", "rpc_pipefs", "virtiofs"};

static bool is_among(const char *type, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(type, list[i]) == 0)
            return true;
    return false;
}

static void set_never_sleeps(struct mounts *mounts, uint64_t id) {
    if (id >= mounts->highest) {
        uint64_t highest = (id / 1024 + 1) * 1024;
        if (id > 1U << 24)
            return;
        uint64_t *grown = realloc(mounts->never_sleep, highest / 8);
        if (!grown)
            return;
        memset((char *)grown + mounts->highest / 8, 0, (highest - mounts->highest) / 8);
        mounts->never_sleep = grown;
        mounts->highest = highest;
    }
    if (mounts->never_sleep)
        mounts->never_sleep[id / BITS] |= 1ULL << (id % BITS);
}

/* The fifth field; a blank, tab, newline or backslash in it is written as three octal digits. */
static void note_point(struct points *points, const char *line) {
    for (int field = 0; field < 4; field++) {
        line += strcspn(line, " ");
        line += *line == ' ';
    }
    size_t length = strcspn(line, " "), out = points->length;
    char *grown = realloc(points->text, out + length + 1);
    if (!grown) {
        points->incomplete = true;
        return;
    }
    points->text = grown;
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '\\' && length - i > 3) {
            grown[out++] =
                (char)((line[i + 1] - '0') * 64 + (line[i + 2] - '0') * 8 + (line[i + 3] - '0'));
            i += 3;
        } else {
            grown[out++] = line[i];
        }
    }
    grown[out++] = '\0';
    points->length = out;
}

static const char *next_point(const struct points *points, const char *point) {
    const char *next = point ? point + strlen(point) + 1 : points->text;
    return next && next < points->text + points->length ? next : NULL;
}

/* One line: "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELDS] - TYPE SOURCE OPTIONS". */
static void note_line(struct mounts *mounts, char *line) {
    uint64_t id = strtoull(line, NULL, 10);
    char *type = strstr(line, " - ");
    if (!type)
        return;
    type += 3;
    while (*type == ' ')
        type++;
    type[strcspn(type, " ")] = '\0';
    if (strcmp(type, "autofs") == 0)
        note_point(&mounts->triggers, line);
    if (!is_among(type, telling_types, sizeof telling_types / sizeof *telling_types))
        note_point(&mounts->silent, line);
    if (is_among(type, memory_types, sizeof memory_types / sizeof *memory_types)) {
        set_never_sleeps(mounts, id);
        return;
    }
    note_point(&mounts->slow, line);
    if (strncmp(type, "fuse", 4) != 0 &&
        !is_among(type, obedient_types, sizeof obedient_types / sizeof *obedient_types))
        mounts->looks_sleep = true;
}

/* The table could not be read: any of them may sleep, or be a trigger. */
static void know_nothing(struct mounts *mounts) {
    if (mounts->never_sleep)
        memset(mounts->never_sleep, 0, mounts->highest / 8);
    mounts->slow.incomplete = mounts->silent.incomplete = mounts->triggers.incomplete = true;
    mounts->looks_sleep = true;
    mounts->has_triggers = true;
}

void mounts_read(struct mounts *mounts) {
    char buffer[65536];
    size_t have = 0;
    ssize_t got;
    if (!mounts)
        return;
    if (mounts->never_sleep)
        memset(mounts->never_sleep, 0, mounts->highest / 8);
    mounts->looks_sleep = false;
    mounts->triggers.length = mounts->slow.length = mounts->silent.length = 0;
    mounts->triggers.incomplete = mounts->slow.incomplete = mounts->silent.incomplete = false;
    if (lseek(mounts->fd, 0, SEEK_SET) != 0) {
        know_nothing(mounts);
        return;
    }
    while ((got = read(mounts->fd, buffer + have, sizeof buffer - 1 - have)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            know_nothing(mounts);
            return;
        }
        have += (size_t)got;
        buffer[have] = '\0';
        char *line = buffer, *end;
        while ((end = strchr(line, '\n'))) {
            *end = '\0';
            note_line(mounts, line);
            line = end + 1;
        }
        have = (size_t)(buffer + have - line);
        memmove(buffer, line, have);
        if (have == sizeof buffer - 1)
            have = 0; /* a line longer than any page the kernel makes: may sleep */
    }
    mounts->has_triggers = mounts->triggers.length > 0 || mounts->triggers.incomplete;
}

static struct mounts *read_table_of(int directory, const char *name) {
    struct mounts *mounts = calloc(1, sizeof *mounts);
    if (!mounts)
        return NULL;
    mounts->fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    if (mounts->fd < 0) {
        free(mounts);
        return NULL;
    }
    mounts_read(mounts);
    return mounts;
}

struct mounts *mounts_open(void) {
    return read_table_of(AT_FDCWD, "/proc/self/mountinfo");
}

struct mounts *mounts_of(int proc, int tid) {
    char name[64];
    snprintf(name, sizeof name, "%d/mountinfo", tid);
    return read_table_of(proc, name);
}

void mounts_close(struct mounts *mounts) {
    if (!mounts)
        return;
    close(mounts->fd);
    free(mounts->never_sleep);
    free(mounts->triggers.text);
    free(mounts->slow.text);
    free(mounts->silent.text);
    free(mounts);
}

bool mounts_are_unknown(const struct mounts *mounts) {
    return mounts && mounts->triggers.incomplete;
}

bool mounts_have_triggers(const struct mounts *mounts) {
    return mounts && mounts->has_triggers;
}

bool mounts_is_trigger(const struct mounts *mounts, const char *path) {
    if (!mounts || mounts->triggers.incomplete)
        return mounts != NULL;
    for (const char *point = NULL; (point = next_point(&mounts->triggers, point));)
        if (strcmp(point, path) == 0)
            return true;
    return false;
}

int mounts_descriptor(const struct mounts *mounts) {
    return mounts ? mounts->fd : -1;
}

bool mounts_looks_sleep(const struct mounts *mounts) {
    return !mounts || mounts->looks_sleep;
}

bool mounts_never_sleeps(const struct mounts *mounts, uint64_t id) {
    return mounts && id < mounts->highest &&
           (mounts->never_sleep[id / BITS] >> (id % BITS) & 1U) != 0;
}

static bool lies_below(const char *path, const char *point) {
    size_t length = strlen(point);
    return length == 1 ||
           (strncmp(path, point, length) == 0 && (path[length] == '/' || path[length] == '\0'));
}

/* False also where that is not known. */
static bool is_outside(const struct mounts *mounts, const struct points *points, const char *path) {
    if (mounts->highest == 0 || points->incomplete)
        return false;
    for (const char *point = NULL; (point = next_point(points, point));)
        if (lies_below(path, point))
            return false;
    return true;
}

bool mounts_path_never_sleeps(const struct mounts *mounts, const char *path) {
    return mounts && is_outside(mounts, &mounts->slow, path);
}

bool mounts_path_tells_changes(const struct mounts *mounts, const char *path) {
    return mounts && is_outside(mounts, &mounts->silent, path);
}
