/* world.c - what programs find in their directories, and what is left on the disk. Rule: `lies` are
 * real files natively and below a policy that knows nothing of them; else the policy tells them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fuzz.h"

static void must(int result, const char *what) {
    if (result >= 0)
        return;
    perror(what);
    exit(1);
}

static void make_file(const char *path, const char *text, unsigned mode) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    must(file, path);
    must((int)write(file, text, strlen(text)), path);
    must(fchmod(file, mode), path);
    close(file);
}

/* Files that all programs share: all of them where the lies are real, else the targets alone. */
static const struct {
    const char *name, *text;
    unsigned mode;
} shared[] = {
    {"target/redirected", "where it leads\n", 0644},
    {"target/tree/leaf", "below a tree\n", 0640},
    {"lie/kept", "kept\n", 0644},
    {"lie/content", "told\n", 0444},
    {"lie/absent", "only where nothing is\n", 0444},
    {"lie/rewritten", "name: other\nrest\n", 0444},
};
#define SHARED (sizeof shared / sizeof *shared)

void world_make(const char *place, bool lies_are_real, unsigned owner) {
    must(chdir(place), place);
    umask(0);
    must(mkdir("p", 0755), "p");
    must(mkdir("lie", 0755), "lie");
    must(mkdir("lie/tree", 0755), "lie/tree");
    must(mkdir("target", 0755), "target");
    must(mkdir("target/tree", 0755), "target/tree");
    for (size_t i = 0; i < SHARED; i++)
        if (lies_are_real || strncmp(shared[i].name, "lie/", 4) != 0)
            make_file(shared[i].name, shared[i].text, shared[i].mode);
    if (lies_are_real) {
        must(link("target/redirected", "lie/redirected"), "lie/redirected");
        must(link("target/tree/leaf", "lie/tree/leaf"), "lie/tree/leaf");
    } else {
        make_file("lie/rewritten", "name: one\nrest\n", 0444);
    }
    must(chown("p", owner, owner), "p");
    for (size_t i = 0; i < SHARED; i++)
        if (chown(shared[i].name, owner, owner) < 0 && errno != ENOENT)
            must(-1, shared[i].name);
}

void world_make_one(const char *place, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/p/%s", place, name);
    must(mkdir(path, 0755), path);
    must(chdir(path), path);
    must(mkdir("d", 0755), "d");
    make_file("f", "text of f\n", 0644);
    make_file("g", "text of g, which nobody may write\n", 0400);
    make_file("d/f", "text of d/f\n", 0666);
    must(symlink("f", "s"), "s");
    must(symlink("d", "t"), "t");
    must(symlink("loop", "loop"), "loop");
    must(symlink("../../lie", "lies"), "lies");
    must(mkfifo("fifo", 0644), "fifo");
}

static void dump_content(const char *name);

/* What a program has left of the files that all have, each as it was afterwards. Programs of which
 * a policy answers nothing (limits.md) would leave something else to those behind them. */
void world_tell_and_restore_shared(const char *place) {
    must(chdir(place), place);
    for (size_t i = 0; i < SHARED; i++) {
        say("left %s ", shared[i].name);
        dump_content(shared[i].name);
        say("\n");
        /* Some are told, and cannot be written to. */
        int file = open(shared[i].name, O_WRONLY | O_TRUNC | O_CLOEXEC);
        if (file < 0)
            continue;
        must((int)write(file, shared[i].text, strlen(shared[i].text)), shared[i].name);
        close(file);
    }
}

static int by_name(const struct dirent **left, const struct dirent **right) {
    return strcmp((*left)->d_name, (*right)->d_name);
}

/* All of it: what is wrong may lie behind the first page. */
static void dump_content(const char *name) {
    static unsigned char part[1 << 16];
    uint64_t sum = DIGEST_OF_NOTHING;
    ssize_t got;
    int file = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    for (bool first = true; file >= 0 && (got = read(file, part, sizeof part)) > 0; first = false) {
        if (first)
            say_bytes(part, (size_t)got < MOST_SAID ? (size_t)got : MOST_SAID);
        sum = digest(sum, part, (size_t)got);
    }
    say(" %016llx", (unsigned long long)sum);
    if (file >= 0)
        close(file);
}

static void dump_file(const char *name, const struct stat *is) {
    say(" %o %u:%u %lu", is->st_mode, is->st_uid, is->st_gid, (unsigned long)is->st_nlink);
    char text[4096];
    if (S_ISREG(is->st_mode)) {
        say(" %ld ", (long)is->st_size);
        dump_content(name);
    } else if (S_ISLNK(is->st_mode)) {
        ssize_t size = readlink(name, text, sizeof text);
        say(" ");
        if (size > 0)
            say_bytes((unsigned char *)text, (size_t)size);
    }
    ssize_t size = lgetxattr(name, "user.x", text, sizeof text);
    if (size >= 0) {
        say(" user.x=");
        say_bytes((unsigned char *)text, (size_t)size);
    }
    say("\n");
}

/* Of no other filesystem: what a program mounts is its own. */
static bool is_mounted(const struct stat *is) {
    struct stat here;
    return stat(".", &here) == 0 && here.st_dev != is->st_dev;
}

/* What is in the current directory, depth first. */
static void dump_directory(int depth) {
    struct dirent **entries;
    int count = depth > 16 ? 0 : scandir(".", &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        struct stat is;
        if (!strcmp(name, ".") || !strcmp(name, "..") || lstat(name, &is) < 0 || is_mounted(&is))
            continue;
        say("%*s", depth, "");
        say_bytes((const unsigned char *)name, strlen(name));
        dump_file(name, &is);
        if (S_ISDIR(is.st_mode) && chdir(name) == 0) {
            dump_directory(depth + 1);
            must(chdir(".."), "..");
        }
    }
    if (count > 0) {
        for (int i = 0; i < count; i++)
            free(entries[i]);
        free(entries);
    }
}

static bool is_of_world(const char *name) {
    return (*name >= '0' && *name <= '9') || !strcmp(name, ".") || !strcmp(name, "..") ||
           !strcmp(name, "p") || !strcmp(name, "lie") || !strcmp(name, "target");
}

static void tell_and_remove_strays(void) {
    struct stat is;
    DIR *here = opendir(".");
    for (struct dirent *entry; here && (entry = readdir(here)) != NULL;) {
        const char *name = entry->d_name;
        if (is_of_world(name) || lstat(name, &is) < 0)
            continue;
        say("stray %s", name);
        dump_file(name, &is);
        if (remove(name) == 0)
            rewinddir(here);
    }
    if (here)
        closedir(here);
}

/* What a program has made above its directory, where others would find it. */
void world_tell_and_remove_strays(const char *place) {
    must(chdir(place), place);
    tell_and_remove_strays();
    must(chdir("p"), "p");
    tell_and_remove_strays();
}

static void flush(const char *title) {
    printf("= %s\n", title);
    fwrite(the_transcript->text, 1, the_transcript->used, stdout);
    the_transcript->used = 0;
}

void world_dump(const char *place) {
    must(chdir(place), place);
    must(chdir("p"), "p");
    struct dirent **entries;
    int count = scandir(".", &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (*name == '.' || chdir(name) < 0)
            continue;
        dump_directory(1);
        must(chdir(".."), "..");
        flush(name);
    }
    must(chdir("../target"), "target");
    dump_directory(1);
    flush("target");
}
