/* proc_text.c - reads them in one call, as the kernel makes them. Rule: there is always a NUL. */
#include "proc_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../process/again.h"

ssize_t proc_text(int directory, const char *name, char *text, size_t capacity) {
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, capacity - 1);
    if (length < 0)
        length = -errno;
    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length;
}

ssize_t proc_text_of(int proc, pid_t tid, const char *entry, char *text, size_t capacity) {
    char name[64];
    snprintf(name, sizeof name, "%d/%s", tid, entry);
    return proc_text(proc, name, text, capacity);
}

const char *proc_status_field(const char *status, const char *field) {
    /* The name comes first and then the state, so the last one is the kernel's. */
    const char *state = NULL;
    for (const char *next = status; (next = strstr(next, "\nState:")); next++)
        state = next;
    const char *found = state ? strstr(state, field) : NULL;
    return found ? found + strlen(field) : NULL;
}

bool proc_soft_limit(int proc, pid_t tid, const char *name, uint64_t *limit) {
    char text[4096];
    proc_text_of(proc, tid, "limits", text, sizeof text);
    const char *found = strstr(text, name);
    if (!found)
        return false;
    found += strlen(name) + strspn(found + strlen(name), " ");
    *limit = strncmp(found, "unlimited", 9) == 0 ? RLIM_INFINITY : strtoull(found, NULL, 10);
    return true;
}

static void take_line(const char *line, struct status_value *value) {
    const size_t length = strlen(value->name);
    if (strncmp(line, "State:", 6) == 0)
        value->text[0] = '\0'; /* before it there was only a name */
    if (strncmp(line, value->name, length) == 0)
        snprintf(value->text, sizeof value->text, "%s", line + length);
}

void proc_status_values(const char *tid, struct status_value *values, size_t count) {
    char path[64], line[STATUS_VALUE];
    snprintf(path, sizeof path, "/proc/%s/status", tid);
    FILE *status = NULL;
    for (int tries = 0; tries < TRIES_AT_ONCE && !status; tries++)
        status = fopen(path, "re");
    for (size_t i = 0; i < count; i++)
        values[i].text[0] = '\0';
    while (status && fgets(line, sizeof line, status))
        for (size_t i = 0; i < count; i++)
            take_line(line, &values[i]);
    if (status)
        fclose(status);
}

int proc_status_number(const char *tid, const char *name) {
    struct status_value value = {.name = name};
    proc_status_values(tid, &value, 1);
    return *value.text ? (int)strtol(value.text, NULL, 10) : -1;
}

pid_t proc_leader(pid_t tid) {
    char name[16];
    snprintf(name, sizeof name, "%d", tid);
    const int leader = proc_status_number(name, "Tgid:");
    return leader > 0 ? leader : 0;
}
