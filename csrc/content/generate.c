/* generate.c - content that depends on the machine.
 * Rule: in the form that the kernel's own file has, as far as any reader is known to look. */
#include "generate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool generator_known(const char *name) {
    return strcmp(name, "zero-per-cpu") == 0;
}

/* cpuacct.usage_percpu of a cgroup that has used nothing. Linux has one number for each CPU that is
 * possible, and a blank after the last one, too; readers split it at blanks. */
int generate(const char *name, struct output *content) {
    if (!generator_known(name))
        return -EINVAL;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    size_t cpus = online > 0 ? (size_t)online : 1;
    content->length = 2 * cpus;
    content->text = malloc(content->length);
    if (!content->text)
        return -ENOMEM;
    for (size_t i = 0; i < cpus; i++)
        memcpy(content->text + 2 * i, "0 ", 2);
    content->text[content->length - 1] = '\n';
    return 0;
}
