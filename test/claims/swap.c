/* swap FILE OPENED TIMES - opens OPENED again and again, while another thread puts FILE at the
 * number that the next open will get. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static int other, number;
static _Atomic int ended;

static void *put(void *unused) {
    (void)unused;
    while (!ended) {
        dup2(other, number);
        close(number);
    }
    return NULL;
}

int main(int count, char **arguments) {
    pthread_t thread;
    if (count < 4)
        return 2;
    other = open(arguments[1], O_RDONLY);
    number = dup(other);
    close(number);
    if (other < 0 || pthread_create(&thread, NULL, put, NULL) != 0)
        return 2;
    for (int left = atoi(arguments[3]); left > 0; left--) {
        int fd = open(arguments[2], O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            close(fd);
    }
    ended = 1;
    pthread_join(thread, NULL);
    return 0;
}
