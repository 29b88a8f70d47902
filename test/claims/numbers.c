/* numbers PATH TEXT TIMES - opens PATH again and again on four threads, and counts the opens that
 * gave a standard stream, or another text. Says "ready" once, and at its end how many; and why opens
 * failed, if any did. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *path, *text;
static int times;
static _Atomic int wrong, opened, failed;

static void *run(void *unused) {
    char bytes[64];
    (void)unused;
    for (int i = 0; i < times; i++) {
        int fd = open(path, O_RDONLY);
        if (fd < 0) {
            failed = errno;
            continue;
        }
        opened++;
        ssize_t got = fd > 2 ? pread(fd, bytes, sizeof bytes, 0) : -1;
        if (got != (ssize_t)strlen(text) || memcmp(bytes, text, (size_t)got) != 0)
            wrong++;
        if (fd > 2)
            close(fd);
    }
    return NULL;
}

int main(int count, char **arguments) {
    pthread_t threads[4];
    if (count < 4)
        return 2;
    path = arguments[1];
    text = arguments[2];
    times = atoi(arguments[3]);
    puts("ready");
    fflush(stdout);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, run, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("%d opened, %d wrong%s%s\n", opened, wrong, failed ? ", failed: " : "",
           failed ? strerrorname_np(failed) : "");
    return 0;
}
