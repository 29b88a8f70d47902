/* again.c - what Node made of the words of an earlier `exec` is kept in the user's cache: while
 * every file that counted is as it was, the same start needs no Node. Rule: any doubt leaves it to
 * Node. Only what nobody else could have written is read. */
#include "again.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LARGEST (1 << 20)
#define MOST_WORDS 64 /* before the command */
#define MOST_ARGUMENTS 32
#define OVERFLOW_USER 65534
#define FUSE_SUPER_MAGIC 0x65735546
#define LOWEST_DESCRIPTOR 64 /* out of the way of those that the command inherits */
#define SCRIPT_PLACE "/command/cli.js"
#ifdef __aarch64__
#define SUPERVISOR_PLACE "/native/linux-arm64/seccomp-spoof-supervisor"
#else
#define SUPERVISOR_PLACE "/native/linux-x64/seccomp-spoof-supervisor"
#endif

static const char format[] = "seccomp-spoof start 2";

/* ---- the cache: src/policy/cache-directory.ts ---- */

static bool may_be_written_by_others(const struct stat *info) {
    return (info->st_mode & 022) != 0;
}

/* Goes one directory down, where nobody but root and the user could have led elsewhere. */
static int enter(int above, const char *name) {
    const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    struct stat info;
    int fd = strcmp(name, "..") != 0 ? openat(above, name, flags) : -1;
    close(above);
    if (fd >= 0 && fstat(fd, &info) == 0 && (info.st_uid == 0 || info.st_uid == geteuid()) &&
        (!may_be_written_by_others(&info) || (info.st_mode & S_ISVTX)))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* A FUSE server says of its files what it likes, whose they are, too; only the machine's own root
 * is beyond that. Node asks who has mounted it. */
static bool may_be_forged(int fd) {
    struct statfs filesystem;
    struct stat info, root;
    return fstatfs(fd, &filesystem) != 0 || fstat(fd, &info) != 0 || stat("/", &root) != 0 ||
           (filesystem.f_type == FUSE_SUPER_MAGIC && info.st_dev != root.st_dev);
}

static int open_cache(void) {
    char path[PATH_MAX], *rest = NULL;
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const bool own = cache && *cache == '/';
    const char *base = own ? cache : home;
    if (!base || *base != '/' ||
        (size_t)snprintf(path, sizeof path, "%s%s/seccomp-spoof", base, own ? "" : "/.cache") >=
            sizeof path)
        return -1;
    int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (const char *name = strtok_r(path, "/", &rest); name && fd >= 0;
         name = strtok_r(NULL, "/", &rest))
        fd = enter(fd, name);
    if (fd < 0 || !may_be_forged(fd))
        return fd;
    close(fd);
    return -1;
}

static bool is_ours(int fd, struct stat *info) {
    return fstat(fd, info) == 0 && info->st_uid == geteuid() && !may_be_written_by_others(info);
}

/* FNV-1a, 32 bits: for names, and to see damage. */
static uint32_t digest(uint32_t value, const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        value = (value ^ (uint8_t)bytes[i]) * 16777619U;
    return value;
}

#define DIGEST_OF_NOTHING 2166136261U

/* ---- an entry: strings, and the compiled policy behind them ---- */

struct entry {
    char *at, *end;
};

static const char *next(struct entry *entry) {
    char *string = entry->at;
    char *end = memchr(string, '\0', (size_t)(entry->end - string));
    entry->at = end ? end + 1 : entry->end;
    return end ? string : NULL;
}

static bool next_is(struct entry *entry, const char *expected) {
    const char *string = next(entry);
    return string && strcmp(string, expected) == 0;
}

/* How many strings follow that belong together; -1: that is no number of them. */
static int next_count(struct entry *entry) {
    const char *string = next(entry);
    const long count = string && *string != '\0' ? strtol(string, NULL, 10) : -1;
    return count >= 0 && count <= MOST_WORDS ? (int)count : -1;
}

static bool read_entry(int directory, const char *name, struct entry *entry) {
    struct stat info;
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    entry->at = NULL;
    if (is_ours(fd, &info) && S_ISREG(info.st_mode) && info.st_size < LARGEST)
        entry->at = malloc((size_t)info.st_size + 1);
    const ssize_t got = entry->at ? read(fd, entry->at, (size_t)info.st_size) : -1;
    close(fd);
    if (got >= 0 && got == info.st_size) {
        entry->end = entry->at + got;
        return true;
    }
    free(entry->at);
    return false;
}

static bool is_whole(struct entry *entry) {
    char sum[16];
    const char *said;
    if (!next_is(entry, format) || !(said = next(entry)))
        return false;
    snprintf(sum, sizeof sum, "%08x",
             digest(DIGEST_OF_NOTHING, entry->at, (size_t)(entry->end - entry->at)));
    return strcmp(said, sum) == 0;
}

/* ---- is all as it was? ---- */

/* Which file it is, and who may change it; with `state`: and whether it was. */
static bool stamp_of(const char *path, bool state, char stamp[START_STAMP]) {
    struct stat info;
    if (fstatat(AT_FDCWD, path, &info, state ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    int length = snprintf(stamp, START_STAMP, "%llu:%llu:%o:%u:%u", (unsigned long long)info.st_dev,
                          (unsigned long long)info.st_ino, info.st_mode, info.st_uid, info.st_gid);
    if (state)
        snprintf(stamp + length, START_STAMP - (size_t)length, ":%lld:%lld:%lld",
                 (long long)info.st_size,
                 (long long)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec,
                 (long long)info.st_ctim.tv_sec * 1000000000 + info.st_ctim.tv_nsec);
    return true;
}

bool start_stamp(const char *script, char stamp[START_STAMP]) {
    return stamp_of(script, true, stamp);
}

static bool is_as_it_was(struct entry *entry, const char *path, bool state) {
    char stamp[START_STAMP];
    return path && stamp_of(path, state, stamp) && next_is(entry, stamp);
}

static bool same_words(struct entry *entry, char **words, int count) {
    if (next_count(entry) != count)
        return false;
    for (int i = 0; i < count; i++)
        if (!next_is(entry, words[i]))
            return false;
    return true;
}

/* Programs for which Node looks further than at the words before them. */
static bool is_known_program(struct entry *entry, const char *command) {
    const char *slash = strrchr(command, '/');
    bool known = false;
    int count = next_count(entry);
    for (int i = 0; i < count; i++)
        known = next_is(entry, slash ? slash + 1 : command) || known;
    return known || count < 0;
}

/* Empty: relative paths count for nothing. One directory may be mounted in two places. */
static bool same_directory(struct entry *entry) {
    char here[PATH_MAX];
    if (entry->at < entry->end && *entry->at == '\0')
        return next(entry) != NULL;
    return getcwd(here, sizeof here) && next_is(entry, here) && is_as_it_was(entry, ".", false);
}

static bool has_text(const char *path, const char *text) {
    const size_t length = strlen(text);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char *bytes = fd >= 0 ? malloc(length + 1) : NULL;
    /* One byte more: it may have grown. */
    bool same =
        bytes && read(fd, bytes, length + 1) == (ssize_t)length && memcmp(bytes, text, length) == 0;
    free(bytes);
    if (fd >= 0)
        close(fd);
    return same;
}

/* The directories on the way to the user's files, and their texts: their times are too coarse. */
static bool same_files(struct entry *entry) {
    int count = next_count(entry);
    for (int i = 0; i < count; i++)
        if (!is_as_it_was(entry, next(entry), false))
            return false;
    int texts = count >= 0 ? next_count(entry) : -1;
    for (int i = 0; i < texts; i++) {
        const char *path = next(entry);
        const char *text = is_as_it_was(entry, path, false) ? next(entry) : NULL;
        if (!text || !has_text(path, text))
            return false;
    }
    return texts >= 0;
}

static bool holds(struct entry *entry, const char *build, char **words, int count) {
    return is_whole(entry) && next_is(entry, build) && same_words(entry, words, count) &&
           !is_known_program(entry, words[count]) && same_directory(entry) && same_files(entry);
}

/* ---- the start ---- */

static int hold_policy(const struct entry *entry) {
    const size_t size = (size_t)(entry->end - entry->at);
    const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    int fd = memfd_create("seccomp-spoof-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    int high = -1;
    if (size > 0 && write(fd, entry->at, size) == (ssize_t)size &&
        fcntl(fd, F_ADD_SEALS, seals) == 0 && (high = fcntl(fd, F_DUPFD, LOWEST_DESCRIPTOR)) < 0)
        high = fcntl(fd, F_DUPFD, STDERR_FILENO + 1);
    close(fd);
    return high;
}

/* What is run is ours, whatever the entry says: it lies where the script does. */
static bool find_supervisor(const char *script, char path[PATH_MAX]) {
    const size_t length = strlen(script), rest = sizeof SCRIPT_PLACE - 1;
    return length > rest && strcmp(script + length - rest, SCRIPT_PLACE) == 0 &&
           snprintf(path, PATH_MAX, "%.*s%s", (int)(length - rest), script, SUPERVISOR_PLACE) <
               PATH_MAX;
}

/* The supervisor comes first. */
static bool same_package(struct entry *entry, const char *supervisor) {
    int count = next_count(entry);
    for (int i = 0; i < count; i++) {
        const char *path = next(entry);
        if (!path || !is_as_it_was(entry, i == 0 ? supervisor : path, true))
            return false;
    }
    return count > 0;
}

/* `first`: where the command is among the words that were recorded. */
static void become_starter(struct entry *entry, const char *script, int first, int state) {
    char *none[] = {NULL}, name[] = "seccomp-spoof-supervisor", verb[] = "start";
    char state_option[] = "--state", first_option[] = "--first", policy_option[] = "--policy";
    char state_text[16], first_text[16], policy_text[16];
    char *arguments[MOST_ARGUMENTS + 9] = {name,         verb,       state_option,  state_text,
                                           first_option, first_text, policy_option, policy_text};
    char supervisor[PATH_MAX];
    int count = find_supervisor(script, supervisor) && same_package(entry, supervisor)
                    ? next_count(entry)
                    : -1;
    if (count < 0 || count > MOST_ARGUMENTS)
        return;
    for (int i = 0; i < count; i++)
        if (!(arguments[8 + i] = (char *)(uintptr_t)next(entry)))
            return;
    int policy = hold_policy(entry);
    if (policy < 0)
        return;
    snprintf(state_text, sizeof state_text, "%d", state);
    snprintf(first_text, sizeof first_text, "%d", first);
    snprintf(policy_text, sizeof policy_text, "%d", policy);
    execve(supervisor, arguments, none);
    close(policy);
}

/* Of a user whom the namespace does not know all that is unknown would seem to be. */
static bool is_switched_off(void) {
    const char *cache = getenv("SECCOMP_SPOOF_CACHE"), *native = getenv("SECCOMP_SPOOF_NATIVE_DIR");
    return (cache && strcmp(cache, "off") == 0) || (native && *native != '\0') ||
           geteuid() == OVERFLOW_USER;
}

void start_again(const char *script, const char *build, char **arguments, int count, int state) {
    struct stat info;
    char **words = arguments + 1;
    if (is_switched_off())
        return;
    uint32_t value = digest(DIGEST_OF_NOTHING, build, strlen(build) + 1);
    int directory = open_cache();
    if (directory < 0)
        return;
    /* A word that looks like an option is no command, unless `--` is before it: Node knows. */
    for (int options = 0; options < count - 1 && options <= MOST_WORDS && is_ours(directory, &info);
         options++) {
        char name[32];
        struct entry entry;
        if (*words[options] != '-') {
            snprintf(name, sizeof name, "%08x.start", value);
            if (read_entry(directory, name, &entry)) {
                char *bytes = entry.at;
                if (holds(&entry, build, words, options))
                    become_starter(&entry, script, 1 + options, state);
                free(bytes);
            }
        }
        value = digest(value, words[options], strlen(words[options]) + 1);
    }
    close(directory);
}
