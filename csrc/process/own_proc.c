/* own_proc.c - asks /proc who we are.
 * Rule: the ids of a procfs are those of the pid namespace that it was mounted for (proc(5)); in
 * another one they name other processes. */
#include "own_proc.h"

#include <stdlib.h>
#include <unistd.h>

const char *own_proc_fault(void) {
    char text[32];
    ssize_t length = readlink("/proc/self", text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    if (length <= 0)
        return "no procfs is mounted on /proc, which tells what programs do: mount one "
               "(mount -t proc proc /proc)";
    if (strtol(text, NULL, 10) != getpid())
        return "/proc belongs to another pid namespace, and tells of other processes: mount one of "
               "this namespace (mount -t proc proc /proc, or unshare --mount-proc)";
    return NULL;
}
