/* table.c - the table of calls. Rule: numbers are the kernel's, from the unistd.h of each ABI; the
 * filter and the handlers read the same rows, so neither can know a call that the other does not.
 */
#include "table.h"

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../policy/blob.h"

#define FSTATFS (BLOB_CALLS_STATFS | BLOB_CALLS_FSTATFS)
#define OPEN BLOB_CALLS_OPEN

static const struct known_call table[] = {
    {"statfs", ARCH_AUDIT, BLOB_CALLS_STATFS, NUMBER_STATFS, TASK_STATFS, LAYOUT_NATIVE},
    {"fstatfs", ARCH_AUDIT, FSTATFS, NUMBER_FSTATFS, TASK_FSTATFS, LAYOUT_NATIVE},
    {"openat", ARCH_AUDIT, OPEN, NUMBER_OPENAT, TASK_OPENAT, LAYOUT_NATIVE},
    {"openat2", ARCH_AUDIT, OPEN, NUMBER_OPENAT2, TASK_OPENAT2, LAYOUT_NATIVE},
#ifdef NUMBER_OPEN
    {"open", ARCH_AUDIT, OPEN, NUMBER_OPEN, TASK_OPEN, LAYOUT_NATIVE},
#endif
    {"statmount", ARCH_AUDIT, BLOB_CALLS_STATMOUNT, K_NR_STATMOUNT, TASK_STATMOUNT, LAYOUT_NATIVE},
    {"uname", ARCH_AUDIT, BLOB_CALLS_UNAME, NUMBER_UNAME, TASK_UNAME, LAYOUT_NATIVE},
    {"clone", ARCH_AUDIT, CALLS_OF_TRACER, NUMBER_CLONE, TASK_CLONE, LAYOUT_NATIVE},
    {"clone3", ARCH_AUDIT, CALLS_OF_TRACER, NUMBER_CLONE3, TASK_CLONE3, LAYOUT_NATIVE},
#ifdef ARCH_COMPAT_AUDIT
    {"statfs", ARCH_COMPAT_AUDIT, BLOB_CALLS_STATFS, COMPAT_NUMBER_STATFS, TASK_STATFS,
     LAYOUT_COMPAT},
    {"fstatfs", ARCH_COMPAT_AUDIT, FSTATFS, COMPAT_NUMBER_FSTATFS, TASK_FSTATFS, LAYOUT_COMPAT},
    {"statfs64", ARCH_COMPAT_AUDIT, BLOB_CALLS_STATFS, COMPAT_NUMBER_STATFS64, TASK_STATFS,
     LAYOUT_COMPAT64},
    {"fstatfs64", ARCH_COMPAT_AUDIT, FSTATFS, COMPAT_NUMBER_FSTATFS64, TASK_FSTATFS,
     LAYOUT_COMPAT64},
    {"open", ARCH_COMPAT_AUDIT, OPEN, COMPAT_NUMBER_OPEN, TASK_OPEN, LAYOUT_NATIVE},
    {"openat", ARCH_COMPAT_AUDIT, OPEN, COMPAT_NUMBER_OPENAT, TASK_OPENAT, LAYOUT_NATIVE},
    {"openat2", ARCH_COMPAT_AUDIT, OPEN, COMPAT_NUMBER_OPENAT2, TASK_OPENAT2, LAYOUT_NATIVE},
    {"statmount", ARCH_COMPAT_AUDIT, BLOB_CALLS_STATMOUNT, K_NR_STATMOUNT, TASK_STATMOUNT,
     LAYOUT_NATIVE},
    {"uname", ARCH_COMPAT_AUDIT, BLOB_CALLS_UNAME, COMPAT_NUMBER_UNAME, TASK_UNAME, LAYOUT_NATIVE},
    {"clone", ARCH_COMPAT_AUDIT, CALLS_OF_TRACER, COMPAT_NUMBER_CLONE, TASK_CLONE, LAYOUT_NATIVE},
    {"clone3", ARCH_COMPAT_AUDIT, CALLS_OF_TRACER, COMPAT_NUMBER_CLONE3, TASK_CLONE3,
     LAYOUT_NATIVE},
#endif
};
#define COUNT (sizeof table / sizeof *table)

const struct known_call *known_calls(size_t *count) {
    *count = COUNT;
    return table;
}

const struct known_call *known_call(uint32_t arch, int32_t number) {
    for (size_t i = 0; i < COUNT; i++)
        if (table[i].number == number && table[i].arch == arch)
            return &table[i];
    return NULL;
}

uint32_t known_call_index(uint32_t arch, int32_t number) {
    const struct known_call *known = known_call(arch, number);
    return known ? (uint32_t)(known - table) : UINT32_MAX;
}

const char *known_call_name(uint32_t index) {
    return index < COUNT ? table[index].name : "unknown";
}
