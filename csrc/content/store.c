/* store.c - makes and holds the files of content rules.
 * Rule: a file that keeps nothing is sealed; one lock, held only while a file is made or given. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/blob.h"
#include "generate.h"
#include "snapshot.h"

static struct {
    pthread_mutex_t lock;
    int *files; /* by the place of a rule among the files rules; -1: not made yet */
    uint32_t count;
} store = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool has_content(const struct blob_file_rule *rule) {
    return rule->kind == SPOOF_FILE_CONTENT || rule->kind == SPOOF_FILE_GENERATED;
}

int store_open(const uint8_t *policy) {
    store.count = blob_header(policy)->files.count;
    store.files = malloc((store.count + 1) * sizeof *store.files);
    for (uint32_t i = 0; store.files && i < store.count; i++)
        store.files[i] = -1;
    return store.files ? 0 : -ENOMEM;
}

char *store_content(const uint8_t *policy, uint32_t number, size_t *length) {
    const struct blob_file_rule *rule = blob_file_rule(policy, number);
    const char *bytes = blob_at(policy, rule->bytes.offset);
    if (rule->kind == SPOOF_FILE_GENERATED) {
        struct output content;
        if (generate(bytes, NULL, 0, &content) != 0)
            return NULL;
        *length = content.length;
        return content.text;
    }
    char *copy = malloc(rule->bytes.count + 1UL);
    if (copy)
        memcpy(copy, bytes, rule->bytes.count);
    *length = rule->bytes.count;
    return copy;
}

static int make(const uint8_t *policy, uint32_t number, const char *path) {
    const struct blob_file_rule *rule = blob_file_rule(policy, number);
    const struct snapshot_kind kind = {
        .mode = rule->mode,
        .writable = rule->writes == SPOOF_WRITES_KEEP,
    };
    size_t length = 0;
    char *content = store_content(policy, number, &length);
    if (!content)
        return -ENOMEM;
    int fd = snapshot_make(path, content, length, &kind);
    free(content);
    return fd;
}

int store_keep(const uint8_t *policy, int first) {
    for (uint32_t i = 0; i < store.count; i++) {
        uint32_t number = blob_first_file(policy) + i;
        const struct blob_file_rule *rule = blob_file_rule(policy, number);
        if (!has_content(rule) || rule->writes != SPOOF_WRITES_KEEP)
            continue;
        int fd = make(policy, number, blob_rule_name(policy, number));
        if (fd < 0)
            return fd;
        if (fd != first && (dup3(fd, first, O_CLOEXEC) < 0 || close(fd) != 0))
            return -errno;
        store.files[i] = first++;
    }
    return first;
}

/* With the lock held: without it somebody may replace the file, and its number be another one's. */
static int give(int file, bool lent) {
    if (lent || file < 0)
        return file;
    const int fd = fcntl(file, F_DUPFD_CLOEXEC, 0);
    return fd >= 0 ? fd : -errno;
}

int store_made(const uint8_t *policy, uint32_t number, bool lent) {
    pthread_mutex_lock(&store.lock);
    const int file = store.files[number - blob_first_file(policy)];
    const int fd = give(file >= 0 ? file : -ENOENT, lent);
    pthread_mutex_unlock(&store.lock);
    return fd;
}

int store_get(const uint8_t *policy, uint32_t number, const char *path, bool lent) {
    int *file = &store.files[number - blob_first_file(policy)];
    pthread_mutex_lock(&store.lock);
    int made = *file >= 0 ? *file : make(policy, number, path);
    if (made >= 0)
        *file = made;
    made = give(made, lent);
    pthread_mutex_unlock(&store.lock);
    return made;
}

void store_replace(const uint8_t *policy, uint32_t number, int fd) {
    int *file = &store.files[number - blob_first_file(policy)];
    pthread_mutex_lock(&store.lock);
    if (*file >= 0)
        close(*file);
    *file = fd;
    pthread_mutex_unlock(&store.lock);
}
