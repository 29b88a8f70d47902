/* refusal.c - whether somebody, not the kernel's age, keeps a call from working.
 * Rule: only what /proc/self/status and the error say is told; without /proc nothing is known. */
#include "refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tracee/proc_text.h"

bool refusal_by_profile(void) {
    struct status_value mode = {.name = "Seccomp:"};
    proc_status_values("self", &mode, 1);
    return strtol(mode.text, NULL, 10) == 2;
}

int refusal_yama_scope(void) {
    char text[32];
    const char *path = "/proc/sys/kernel/yama/ptrace_scope";
    return proc_text(AT_FDCWD, path, text, sizeof text) > 0 ? (int)strtol(text, NULL, 10) : -1;
}

const char *refusal_by_yama(const char *otherwise) {
    switch (refusal_yama_scope()) {
    case 1:
        return "only an ancestor may read or trace a program (kernel.yama.ptrace_scope is 1)";
    case 2:
        return "only root (CAP_SYS_PTRACE) may read or trace programs (kernel.yama.ptrace_scope is "
               "2): run as root, or as root set it to 1: sysctl kernel.yama.ptrace_scope=1";
    case 3:
        return "nobody may read or trace programs (kernel.yama.ptrace_scope is 3), and that cannot "
               "be changed before the next boot: set it to 1 in /etc/sysctl.d, then reboot";
    default:
        return otherwise;
    }
}

bool refusal_explain(int error, const char *call, char *why, size_t size) {
    const char *said = strerror(error);
    if (refusal_by_profile())
        snprintf(
            why, size,
            "%s is refused (%s), most likely by a seccomp profile that this process runs under "
            "(Seccomp: 2 in /proc/self/status): allow it in the profile",
            call, said);
    else if (error == EPERM || error == EACCES)
        snprintf(why, size, "%s is refused (%s), by a security module or a setting of the kernel",
                 call, said);
    else
        return false;
    return true;
}
