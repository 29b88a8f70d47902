/* hook.h - what the hook and the test share: a file that both map. */
#ifndef FAULTS_HOOK_H
#define FAULTS_HOOK_H

#include <stdatomic.h>
#include <stdint.h>

#define HOOK_VARIABLE "FAULTS_CONTROL" /* the file's path */
#define HOOK_KINDS 256
#define HOOK_NAME 32
#define HOOK_CALLS 65536U

struct hook_control {
    /* What is asked: from call number `nth` (from 0) of this kind on `times` calls fail with `error`,
     * or wait for so long first. */
    char kind[HOOK_NAME];
    uint32_t nth, times;
    int32_t error;
    uint32_t delay_us;
    /* What came of it: how often, where in the program, in which process, and by which call of it. */
    _Atomic uint32_t hits;
    uint64_t site;
    int32_t process;
    /* All calls, in the order in which they were made. */
    _Atomic uint32_t made;
    _Atomic uint32_t counts[HOOK_KINDS];
    char names[HOOK_KINDS][HOOK_NAME];
    struct {
        uint32_t kind, number; /* of its kind */
        uint64_t site;
    } calls[HOOK_CALLS];
};

#endif
