/* unfiltered.c - a bit for each thread id.
 * Rule: as in its header. */
#include "unfiltered.h"

#include <ctype.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDS (1 << 22) /* PID_MAX_LIMIT */

static uint8_t bits[IDS / 8];

static void set(pid_t tid, bool unfiltered) {
    if (tid <= 0 || tid >= IDS)
        return;
    const uint8_t bit = (uint8_t)(1U << tid % 8);
    bits[tid / 8] = (uint8_t)(unfiltered ? bits[tid / 8] | bit : bits[tid / 8] & ~bit);
}

bool unfiltered_is(pid_t tid) {
    return tid > 0 && tid < IDS && (bits[tid / 8] >> tid % 8 & 1);
}

void unfiltered_note(pid_t tid) {
    set(tid, true);
}

void unfiltered_note_child(pid_t parent, pid_t child) {
    set(child, unfiltered_is(parent));
}

void unfiltered_forget(pid_t tid) {
    set(tid, false);
}

/* A child of one of them that has been made meanwhile, and not been told of, gets what its parent
 * has then. */
void unfiltered_note_filter(pid_t tid, bool all_threads) {
    char name[32];
    set(tid, false);
    if (!all_threads)
        return;
    snprintf(name, sizeof name, "/proc/%d/task", tid);
    DIR *threads = opendir(name);
    if (!threads) {
        memset(bits, 0, sizeof bits);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(threads)) != NULL;)
        if (isdigit((unsigned char)*entry->d_name))
            set((pid_t)atoi(entry->d_name), false);
    closedir(threads);
}
