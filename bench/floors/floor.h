/* floor.h - the parts of floor.c */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>

#include "../../csrc/arch/arch.h"
#include "../../csrc/arch/kernel.h"

struct floor {
    int listener;
    const char *virtual_path; /* null: there is none */
    int virtual_file;         /* in memory, opened again for each open */
    int64_t virtual_size;
};

/* Answers one request; what it does not know how to answer is let run. */
void answer(const struct floor *floor, const struct k_seccomp_notif *request);

/* A copy of that thread's mount table in memory, tmpfs shown as ext4; -1 if that fails. */
int mount_table(uint32_t tid);

/* That file of that thread, as a descriptor of ours; -1 if that fails. */
int descriptor_of(uint32_t tid, int fd);

#endif
