/* credentials.c - what /proc/TID says of credentials and namespaces.
 * Rule: what is not there is an error, never a zero. */
#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../process/again.h"
#include "fallback.h"
#include "proc_text.h"

#define SEARCH_CAPABILITIES ((1ULL << CAP_DAC_OVERRIDE) | (1ULL << CAP_DAC_READ_SEARCH))

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

pid_t credentials_last_number(const char *line) {
    long value = 0;
    while (*line && *line != '\n') {
        char *end = NULL;
        value = strtol(line, &end, 10);
        if (end == line)
            return 0; /* no list of numbers */
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

int credentials_read(int proc, pid_t tid, struct credentials *credentials) {
    char status[8192];
    ssize_t length = proc_text_of(proc, tid, "status", status, sizeof status);
    if (length <= 0)
        return length < 0 ? (int)length : -ESRCH;
    memset(credentials, 0, sizeof *credentials);
    const char *tgid = proc_status_field(status, "\nTgid:"),
               *uid = proc_status_field(status, "\nUid:"),
               *gid = proc_status_field(status, "\nGid:"),
               *groups = proc_status_field(status, "\nGroups:"),
               *effective = proc_status_field(status, "\nCapEff:"),
               *permitted = proc_status_field(status, "\nCapPrm:");
    if (!tgid || !uid || !gid || !groups || !effective || !permitted ||
        !parse_groups(groups, credentials))
        return -EOVERFLOW;
    credentials->tgid = (pid_t)column(tgid, 0);
    credentials->uid = (uid_t)column(uid, 0);
    credentials->gid = (gid_t)column(gid, 0);
    credentials->euid = (uid_t)column(uid, 1);
    credentials->suid = (uid_t)column(uid, 2);
    credentials->sgid = (gid_t)column(gid, 2);
    credentials->egid = (gid_t)column(gid, 1);
    credentials->fsuid = (uid_t)column(uid, 3);
    credentials->fsgid = (gid_t)column(gid, 3);
    credentials->effective = strtoull(effective, NULL, 16);
    credentials->permitted = strtoull(permitted, NULL, 16);
    const char *inner = proc_status_field(status, "\nNStgid:");
    credentials->inner_tgid = inner ? credentials_last_number(inner) : 0;
    inner = proc_status_field(status, "\nNSpid:");
    credentials->inner_tid = inner ? credentials_last_number(inner) : 0;
    return 0;
}

bool credentials_search_all(pid_t tid) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, tid};
    struct __user_cap_data_struct data[2];
    return syscall(SYS_capget, &header, data) == 0 &&
           (data[0].effective & (uint32_t)SEARCH_CAPABILITIES) != 0;
}

bool credentials_equal(const struct credentials *a, const struct credentials *b) {
    return a->fsuid == b->fsuid && a->fsgid == b->fsgid && a->euid == b->euid &&
           a->egid == b->egid && a->group_count == b->group_count &&
           memcmp(a->groups, b->groups, a->group_count * sizeof *a->groups) == 0 &&
           (a->effective & SEARCH_CAPABILITIES) == (b->effective & SEARCH_CAPABILITIES);
}

/* ---- namespaces ---- */

uint64_t namespace_of(int proc, pid_t tid, const char *kind) {
    char name[64];
    struct stat info = {0}, here = {0};
    snprintf(name, sizeof name, "%d/ns/%s", tid, kind);
    int error = ENOMEM;
    for (int tries = 0; tries < TRIES_AT_ONCE && error != 0 && error != ENOENT; tries++)
        error = fstatat(proc, name, &info, 0) == 0 && fstat(proc, &here) == 0 ? 0 : errno;
    /* A namespace lies on a filesystem of its own. gVisor before 2023 has a file on procfs instead,
     * with another number for each process. */
    return error == 0 && info.st_dev != here.st_dev ? info.st_ino : 0;
}

bool namespace_is_same(int proc, pid_t a, pid_t b, const char *kind) {
    return namespace_of(proc, a, kind) == namespace_of(proc, b, kind);
}

/* -1: it cannot be read, which is the same for all. */
static ssize_t read_uid_map(int proc, pid_t tid, char *map, size_t capacity) {
    const ssize_t length = proc_text_of(proc, tid, "uid_map", map, capacity);
    return length < 0 ? -1 : length;
}

bool namespace_maps_equal(int proc, pid_t a, pid_t b) {
    char first[4096], second[4096];
    ssize_t length = read_uid_map(proc, a, first, sizeof first);
    return length == read_uid_map(proc, b, second, sizeof second) &&
           (length <= 0 || memcmp(first, second, (size_t)length) == 0);
}
