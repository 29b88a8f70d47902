/* fallback.c - the texts of fallbacks. */
#include "fallback.h"

static const char *const fallback_names[FALLBACK_COUNT] = {
    [FALLBACK_NONE] = "none",
    [FALLBACK_MEMORY] = "memory of the program not accessible",
    [FALLBACK_PROC] = "/proc entry of the program not accessible",
    [FALLBACK_ROOT] = "root directory of the program cannot be entered",
    [FALLBACK_CREDENTIALS] = "credentials of the program cannot be taken on",
    [FALLBACK_RESTRICTED] = "program that may be under Landlock",
    [FALLBACK_OTHER] = "another cgroup, namespace or security label",
    [FALLBACK_LINK] = "link that cannot be followed as the program would",
    [FALLBACK_AUTOMOUNT] = "automount point",
    [FALLBACK_BUSY] = "all threads wait for filesystems, or something is short",
    [FALLBACK_PATH_UNKNOWN] = "path not known, and a rule asks for it",
    [FALLBACK_NAMESPACE] = "another UTS namespace or personality",
    [FALLBACK_CONTENT] = "content of the file could not be made",
    [FALLBACK_FLAGS] = "open flags that cannot be carried over",
    [FALLBACK_DELIVERY] = "descriptor could not be handed over",
    [FALLBACK_BOUND] = "more memory, time or room than a file or path may take",
    [FALLBACK_X32] = "call of x32",
    [FALLBACK_DEATHS] = "request killed its worker twice",
};

const char *fallback_name(enum fallback reason) {
    return reason < FALLBACK_COUNT ? fallback_names[reason] : "unknown";
}
