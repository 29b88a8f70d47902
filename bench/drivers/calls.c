/* calls.c - what single system calls cost the program that makes them. Prints one line of JSON for
 * each shape: see measure.c. A wrong answer is an error, so that nothing is measured that does not
 * do its job.
 *
 * usage: calls --directory DIR [OPTION VALUE]... SHAPE...
 *   --threads N, --ms N     how many at once, and how long a shape takes
 *   --statfs PATH           asked by statfs and fstatfs
 *   --type NUMBER           the type that they shall tell
 *   --content TEXT          what DIR/place/virtual shall hold
 *   --table-has TYPE, --table-lacks TYPE  types in the mount table
 *   --step N                instead: N calls of the one shape for each line of standard input
 * DIR holds the files `existing` and `place/virtual`, and no `missing`. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "measure.h"

static bool opens(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && close(fd) == 0;
}

static bool call_getppid(const struct options *options) {
    (void)options;
    return getppid() >= 0;
}

static bool call_read(const struct options *options) {
    char nothing;
    return read(options->some_file, &nothing, 0) == 0;
}

static bool call_statfs(const struct options *options) {
    struct statfs info;
    return statfs(options->statfs_path, &info) == 0;
}

static const char *check_type(const struct options *options, const struct statfs *info) {
    static char why[96];
    uint32_t type = (uint32_t)info->f_type;
    if (options->type == 0 || type == options->type)
        return NULL;
    snprintf(why, sizeof why, "the type told is 0x%x instead of 0x%llx", type,
             (unsigned long long)options->type);
    return why;
}

static const char *check_statfs(const struct options *options) {
    struct statfs info;
    return statfs(options->statfs_path, &info) == 0 ? check_type(options, &info) : strerror(errno);
}

static bool call_fstatfs(const struct options *options) {
    struct statfs info;
    return fstatfs(options->statfs_file, &info) == 0;
}

static const char *check_fstatfs(const struct options *options) {
    struct statfs info;
    return fstatfs(options->statfs_file, &info) == 0 ? check_type(options, &info) : strerror(errno);
}

static bool call_existing_absolute(const struct options *options) {
    return opens(options->existing);
}

static bool call_existing_relative(const struct options *options) {
    (void)options;
    return opens("existing");
}

static bool is_missing(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == ENOENT;
}

static bool call_missing_absolute(const struct options *options) {
    return is_missing(options->missing);
}

static bool call_missing_relative(const struct options *options) {
    (void)options;
    return is_missing("missing");
}

static bool call_existing_stat(const struct options *options) {
    struct stat info;
    return stat(options->existing, &info) == 0;
}

static bool call_virtual(const struct options *options) {
    return opens(options->virtual_path);
}

static const char *check_virtual(const struct options *options) {
    char text[4096];
    int fd = open(options->virtual_path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd < 0 || length < 0)
        return strerror(errno);
    close(fd);
    if (options->content != NULL && ((size_t)length != strlen(options->content) ||
                                     memcmp(text, options->content, (size_t)length) != 0))
        return "the virtual file does not have the expected content";
    return NULL;
}

static bool call_virtual_stat(const struct options *options) {
    struct stat info;
    return stat(options->virtual_path, &info) == 0;
}

static const char *check_virtual_stat(const struct options *options) {
    struct stat info;
    if (stat(options->virtual_path, &info) != 0)
        return strerror(errno);
    if (options->content != NULL && (size_t)info.st_size != strlen(options->content))
        return "stat of the virtual file does not tell the size of its content";
    return NULL;
}

static const char mountinfo[] = "/proc/self/mountinfo";

static bool call_mountinfo(const struct options *options) {
    (void)options;
    return opens(mountinfo);
}

static bool call_mountinfo_read(const struct options *options) {
    (void)options;
    char text[4096]; /* as stdio does */
    ssize_t got = -1;
    int fd = open(mountinfo, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while ((got = read(fd, text, sizeof text)) > 0)
        ;
    return close(fd) == 0 && got == 0;
}

/* Is there a mount of that type? */
static bool table_has(const char *type) {
    char line[8192], column[64];
    bool found = false;
    FILE *table = fopen(mountinfo, "re");
    snprintf(column, sizeof column, " - %s ", type);
    while (table != NULL && !found && fgets(line, sizeof line, table) != NULL)
        found = strstr(line, column) != NULL;
    if (table != NULL)
        fclose(table);
    return found;
}

static const char *check_mountinfo(const struct options *options) {
    if (options->table_has != NULL && !table_has(options->table_has))
        return "the mount table lacks the type that it shall have";
    if (options->table_lacks != NULL && table_has(options->table_lacks))
        return "the mount table has the type that it shall not have";
    return NULL;
}

static const struct shape shapes[] = {
    {"getppid", call_getppid, NULL},
    {"read0", call_read, NULL},
    {"statfs", call_statfs, check_statfs},
    {"fstatfs", call_fstatfs, check_fstatfs},
    {"existing-absolute", call_existing_absolute, NULL},
    {"existing-relative", call_existing_relative, NULL},
    {"missing-absolute", call_missing_absolute, NULL},
    {"missing-relative", call_missing_relative, NULL},
    {"existing-stat", call_existing_stat, NULL},
    {"virtual-open", call_virtual, check_virtual},
    {"virtual-stat", call_virtual_stat, check_virtual_stat},
    {"mountinfo-open", call_mountinfo, check_mountinfo},
    {"mountinfo-read", call_mountinfo_read, check_mountinfo},
};

static const struct shape *find(const char *name) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    fprintf(stderr, "calls: there is no shape %s\n", name);
    exit(2);
}

static bool option(struct options *options, const char *name, const char *value) {
    if (strcmp(name, "--directory") == 0)
        options->directory = value;
    else if (strcmp(name, "--threads") == 0)
        options->threads = atoi(value);
    else if (strcmp(name, "--step") == 0)
        options->step = atoi(value);
    else if (strcmp(name, "--ms") == 0)
        options->ms = atoi(value);
    else if (strcmp(name, "--statfs") == 0)
        options->statfs_path = value;
    else if (strcmp(name, "--type") == 0)
        options->type = strtoull(value, NULL, 0);
    else if (strcmp(name, "--content") == 0)
        options->content = value;
    else if (strcmp(name, "--table-has") == 0)
        options->table_has = value;
    else if (strcmp(name, "--table-lacks") == 0)
        options->table_lacks = value;
    else
        return false;
    return true;
}

static const char *below(const char *directory, const char *name) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        err(2, "%s", name);
    return path;
}

int main(int count, char **words) {
    struct options options = {.threads = 1, .ms = 20, .statfs_path = "/"};
    int next = 1;
    while (next + 1 < count && option(&options, words[next], words[next + 1]))
        next += 2;
    if (options.directory == NULL || options.threads < 1 || options.ms < 1 || next == count) {
        fprintf(stderr, "usage: calls --directory DIR [OPTION VALUE]... SHAPE...\n");
        return 2;
    }
    /* Whatever it is started by may have another working directory. */
    if (chdir(options.directory) != 0)
        err(2, "%s", options.directory);
    options.existing = below(options.directory, "existing");
    options.missing = below(options.directory, "missing");
    options.virtual_path = below(options.directory, "place/virtual");
    options.some_file = open(options.existing, O_RDONLY | O_CLOEXEC);
    if (options.some_file < 0)
        err(2, "%s", options.existing);
    options.statfs_file = open(options.statfs_path, O_RDONLY | O_CLOEXEC);
    if (options.statfs_file < 0)
        err(2, "%s", options.statfs_path);
    bool good = true;
    for (; next < count; next++) {
        const struct shape *shape = find(words[next]);
        good = (options.step > 0 ? step : measure)(shape, &options) && good;
        if (fflush(stdout) != 0)
            err(2, "standard output");
    }
    return good ? 0 : 1;
}
