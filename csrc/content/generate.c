/* generate.c - content that depends on the machine.
 * Rule: in the form that the kernel's own file has, as far as any reader is known to look. */
#include "generate.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPUS_MAX 65536

/* How many a list like `0-3,8` names; 0 if it is none. */
static unsigned count_list(const char *list) {
    unsigned long count = 0;
    while (*list >= '0' && *list <= '9') {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        if (last < first || last >= CPUS_MAX)
            return 0;
        count += last - first + 1;
        if (*end != ',')
            return *end == '\n' && count < CPUS_MAX ? (unsigned)count : 0;
        list = end + 1;
    }
    return 0;
}

/* CPUs that are online, sysfs-devices-system-cpu (Documentation/ABI); where there is no sysfs,
 * those that we may run on. */
static unsigned online_cpus(void) {
    char list[4096];
    cpu_set_t set;
    int fd = open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, list, sizeof list - 1);
    if (fd >= 0)
        close(fd);
    list[length > 0 ? length : 0] = '\0';
    unsigned count = count_list(list);
    if (count == 0 && sched_getaffinity(0, sizeof set, &set) == 0)
        count = (unsigned)CPU_COUNT(&set);
    return count ? count : 1;
}

/* cpuacct.usage_percpu of a cgroup that has used nothing. Linux has one number for each CPU that is
 * possible, and a blank after the last one, too; readers split it at blanks. */
static int zero_per_cpu(struct bytes *content) {
    unsigned count = online_cpus();
    for (unsigned i = 0; i < count; i++)
        if (!bytes_put(content, i + 1 < count ? "0 " : "0\n", 2))
            return -ENOMEM;
    return 0;
}

static const struct {
    const char *name;
    int (*make)(struct bytes *content);
} generators[] = {
    {"zero-per-cpu", zero_per_cpu},
};
#define COUNT (sizeof generators / sizeof *generators)

bool generator_known(const char *name) {
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(name, generators[i].name) == 0)
            return true;
    return false;
}

int generate(const char *name, struct bytes *content) {
    *content = (struct bytes){0};
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(name, generators[i].name) != 0)
            continue;
        int error = generators[i].make(content);
        if (error != 0) {
            free(content->data);
            *content = (struct bytes){0};
        }
        return error;
    }
    return -EINVAL;
}
