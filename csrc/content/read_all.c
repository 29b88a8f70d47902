/* read_all.c - reads a file to its end. Rule: bounded. */
#include "read_all.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_MAX (64U << 20)

char *read_all(int fd, size_t *length) {
    size_t capacity = 1U << 16, have = 0;
    char *text = malloc(capacity);
    while (text) {
        ssize_t got = read(fd, text + have, capacity - have);
        if (got == 0) {
            *length = have;
            return text;
        }
        if (got < 0 && errno == EINTR)
            continue;
        have += got > 0 ? (size_t)got : 0;
        if (got < 0 || have >= READ_MAX) {
            errno = got < 0 ? errno : EFBIG;
            break;
        }
        if (capacity - have < capacity / 2) {
            char *grown = realloc(text, capacity * 2);
            if (!grown)
                break;
            text = grown;
            capacity *= 2;
        }
    }
    free(text);
    return NULL;
}
