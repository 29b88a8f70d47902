/* manymounts - a table of ten thousand mounts: read whole, in parts, and by several at once. */
#include "subject.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define TEXT_SIZE (16U << 20)

/* How many lines name the mount point's filesystem, and how long the text is but for that name. */
static void say_table(const char *label, const char *path, const char *marker, size_t part) {
    char *text = malloc(TEXT_SIZE);
    size_t have = 0, lines = 0, others = 0;
    ssize_t got;
    int fd = open_or_die(path, O_RDONLY);
    while ((got = read(fd, text + have, part)) > 0)
        have += (size_t)got;
    text[have] = '\0';
    char first[128] = "", *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *type = strstr(line, "/point ") ? strstr(line, marker) : NULL;
        if (!type) {
            others++;
            continue;
        }
        type += strlen(marker);
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(type, " "), type);
        if (lines++ == 0)
            snprintf(first, sizeof first, "%s", name);
        else if (strcmp(first, name) != 0)
            print("%s: another type, %s", label, name);
    }
    print("%s: %zu lines fstype=%s and %zu others", label, lines, first, others);
    free(text);
    close(fd);
}

static void *read_it(void *unused) {
    (void)unused;
    say_table("a thread", "/proc/thread-self/mountinfo", " - ", 65536);
    return NULL;
}

/* Below another root the table names only what is there. */
static void jailed(void *unused) {
    (void)unused;
    must(chroot("jail"), "chroot");
    must(chdir("/"), "chdir");
    say_table("in a chroot", "/proc/self/mountinfo", " - ", 65536);
    say_table("in a chroot, relative", "proc/../proc/self/mounts", "/point ", 65536);
}

int main(void) {
    long count = effort(10000);
    if (count < 100)
        count = 100;
    say_path("working directory", ".");
    private_mounts();
    make_directory("point", 0755);
    /* All of one filesystem and next to each other: quicker than one each, on top of each other. */
    must(mount("source", "point", "tmpfs", 0, "size=100m"), "mount");
    for (long i = 1; i < count; i++) {
        char directory[64], point[128];
        snprintf(directory, sizeof directory, "point/%ld", i);
        snprintf(point, sizeof point, "%s/point", directory);
        make_directory(directory, 0755);
        make_directory(point, 0755);
        must(mount(directory, point, NULL, MS_BIND, NULL), "bind mount");
    }
    say_table("mountinfo", "/proc/self/mountinfo", " - ", 65536);
    say_table("in parts of 1000 bytes", "/proc/self/mountinfo", " - ", 1000);
    say_table("mounts", "/proc/self/mounts", "/point ", 65536);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, read_it, NULL) != 0)
            die("pthread_create");
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    make_directory("jail", 0755);
    make_directory("jail/proc", 0755);
    make_directory("jail/point", 0755);
    must(mount("/proc", "jail/proc", NULL, MS_BIND | MS_REC, NULL), "bind mount");
    must(mount("source", "jail/point", "tmpfs", 0, "size=4k"), "mount");
    in_child(jailed, NULL, "jailed");
    return 0;
}
