/* store.c - a file of a rule that is replaced while others ask for it: who has asked has a file of the
 * rule, and never what has its number by then. Built with ASan and UBSan. usage: store SEED */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../csrc/content/snapshot.h"
#include "../../csrc/content/store.h"
#include "../../csrc/policy/blob.h"
#include "../../csrc/spoof.h"

#define ROUNDS 20000

static uint8_t *policy;
static _Atomic bool over;

static uint8_t *make_policy(void) {
    struct spoof_builder *builder = spoof_builder_new();
    spoof_builder_file(builder, "kept", SPOOF_FILE_CONTENT);
    spoof_builder_when_path(builder, "/a");
    spoof_builder_file_bytes(builder, (const uint8_t *)"of the rule", 11);
    size_t length = (size_t)spoof_builder_finish(builder, NULL, 0);
    uint8_t *blob = malloc(length);
    spoof_builder_finish(builder, blob, length);
    spoof_builder_free(builder);
    return blob;
}

/* How often it was another file. */
static void *ask(void *unused) {
    uintptr_t wrong = 0;
    (void)unused;
    while (!over) {
        struct stat info;
        const int fd = store_made(policy, blob_first_file(policy), false);
        wrong += fd < 0 || fstat(fd, &info) != 0 || info.st_size != 11;
        if (fd >= 0)
            close(fd);
    }
    return (void *)wrong;
}

int main(void) {
    pthread_t asking;
    void *wrong;
    policy = make_policy();
    const uint32_t rule = blob_first_file(policy);
    if (store_open(policy) != 0 || store_get(policy, rule, "/a", true) < 0 ||
        pthread_create(&asking, NULL, ask, NULL) != 0)
        return 1;
    for (int i = 0; i < ROUNDS; i++) {
        store_replace(policy, rule, memory_file("/a", "of the rule", 11, false));
        /* Gets the lowest number that is free: often the one that was the rule's. */
        close(memory_file("another", "another", 7, false));
    }
    over = true;
    pthread_join(asking, &wrong);
    printf("store: %lu wrong files\n", (unsigned long)(uintptr_t)wrong);
    free(policy);
    return 0;
}
