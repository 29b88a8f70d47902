/* close_aside.c - a thread for each descriptor. Rule: bounded; who is refused takes no copy. */
#include "close_aside.h"

#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "again.h"
#include "thread.h"

#define MOST 64
#define STACK_SIZE (64U << 10)

static _Atomic unsigned waiting;

static void *run(void *argument) {
    close((int)(intptr_t)argument);
    waiting--;
    return NULL;
}

bool close_aside_has_room(void) {
    return waiting < MOST;
}

void close_aside(int fd) {
    waiting++;
    for (int tries = 0; tries < TRIES_AT_ONCE; tries++)
        if (thread_start(STACK_SIZE, run, (void *)(intptr_t)fd) == 0)
            return;
}
