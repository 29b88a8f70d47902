/* machine.h - what this kernel and process can do, found out by trying. */
#ifndef SPOOF_MACHINE_H
#define SPOOF_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/utsname.h>

struct feature {
    const char *name;
    bool works;
    char why[256]; /* what was seen, or what is missing */
};

struct machine {
    struct utsname system;
    int yama; /* kernel.yama.ptrace_scope, or -1: none */
    uid_t uid;
    bool sys_admin, sys_ptrace; /* capabilities */
    struct feature features[16];
    size_t count;
    const char *mechanism; /* what `auto` takes, or NULL: none works */
    bool stays;            /* ... below a parent that stays */
};

/* Tries everything with the filter that `policy` (a checked blob) needs. */
void machine_examine(const uint8_t *policy, struct machine *machine);

#endif
