/* proctitle.c - writes a new argument line over the old one.
 * Rule: only the bytes of the argument strings are touched, which lie one after another
 * (execve(2)), and nobody may read arguments afterwards. */
#include "proctitle.h"

#include <string.h>
#include <sys/prctl.h>

static char *area;
static size_t area_length;

void proctitle_init(int count, char **arguments) {
    if (count < 1)
        return;
    area = arguments[0];
    const char *last = arguments[count - 1];
    area_length = (size_t)(last + strlen(last) - area);
}

void proctitle_set(const char *name, const char *line) {
    prctl(PR_SET_NAME, name);
    size_t length = strlen(line);
    if (!area)
        return;
    memset(area, 0, area_length);
    memcpy(area, line, length < area_length ? length : area_length);
}
