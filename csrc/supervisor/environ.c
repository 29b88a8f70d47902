/* environ.c - prints the environment that another process was started with, as words for a shell.
 * Rule: the words hold no blank, quote or glob character and are never empty, so that an unquoted
 * expansion gives them back unchanged; enter.c decodes them. */
#include "environ.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verbs.h"

#define WORD_LENGTH 98304 /* below MAX_ARG_STRLEN, 128 KiB (execve(2)) */

static char *read_whole(const char *path, size_t *length) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    size_t capacity = 65536;
    char *bytes = malloc(capacity);
    *length = 0;
    ssize_t got = 0;
    while (bytes && (got = read(fd, bytes + *length, capacity - *length)) > 0) {
        *length += (size_t)got;
        if (*length == capacity) {
            capacity *= 2;
            char *grown = realloc(bytes, capacity);
            if (!grown)
                free(bytes);
            bytes = grown;
        }
    }
    close(fd);
    if (got < 0) {
        free(bytes);
        bytes = NULL;
    }
    return bytes;
}

static bool is_plain(unsigned char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != 0 && strchr("_=/.:,+@-", byte) != NULL);
}

char *environ_encode(const char *bytes, size_t length) {
    static const char digits[] = "0123456789abcdef";
    char *words = malloc(length * 3 + length / 16384 + 16);
    if (!words)
        return NULL;
    size_t out = 0, word = 0;
    words[out++] = 'e';
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (out - word > WORD_LENGTH) {
            words[out++] = ' ';
            word = out;
            words[out++] = 'e';
        }
        if (is_plain(byte)) {
            words[out++] = (char)byte;
        } else {
            words[out++] = '%';
            words[out++] = digits[byte >> 4];
            words[out++] = digits[byte & 15];
        }
    }
    words[out] = '\0';
    return words;
}

static int digit(char byte) {
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

char **environ_decode(char **words, int count) {
    size_t length = 0, out = 0, strings = 0;
    for (int i = 0; i < count; i++)
        length += strlen(words[i]);
    char *bytes = malloc(length + 1);
    if (!bytes)
        return NULL;
    for (int i = 0; i < count; i++) {
        for (const char *from = words[i] + 1; *from; from++) {
            int value = (unsigned char)*from;
            if (*from == '%') {
                int high = digit(from[1]), low = high < 0 ? -1 : digit(from[2]);
                if (low < 0) {
                    free(bytes);
                    return NULL;
                }
                value = high * 16 + low;
                from += 2;
            }
            bytes[out++] = (char)value;
        }
    }
    if (out && bytes[out - 1] != '\0')
        bytes[out++] = '\0';
    for (size_t i = 0; i < out; i++)
        strings += bytes[i] == '\0';
    char **variables = calloc(strings + 1, sizeof *variables);
    if (!variables) {
        free(bytes);
        return NULL;
    }
    char *text = bytes;
    for (size_t i = 0; i < strings; i++) {
        variables[i] = text;
        text += strlen(text) + 1;
    }
    if (strings == 0)
        free(bytes);
    return variables;
}

int verb_environ(int count, char **arguments) {
    char path[64];
    size_t length = 0;
    if (count != 1)
        return STATUS_OUR_FAULT;
    snprintf(path, sizeof path, "/proc/%ld/environ", strtol(arguments[0], NULL, 10));
    char *bytes = read_whole(path, &length);
    if (!bytes)
        return 0; /* no /proc: `enter` then takes its own environment */
    char *words = environ_encode(bytes, length);
    /* The words travel as arguments beside the environment itself. Where both do not fit, the
     * shell's environment has to do. */
    long space = sysconf(_SC_ARG_MAX);
    if (words && (space < 0 || length + strlen(words) + 65536 < (size_t)space))
        fputs(words, stdout);
    free(words);
    free(bytes);
    return 0;
}
