/* table_name.c - names of tables. Rule: a name alone proves nothing; it only says what to look at.
 */
#include "table_name.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    enum spoof_table table;
} names[] = {
    {"mounts", SPOOF_TABLE_MOUNTS},           {"mountinfo", SPOOF_TABLE_MOUNTINFO},
    {"mountstats", SPOOF_TABLE_MOUNTSTATS},   {"mtab", SPOOF_TABLE_MOUNTS},
    {"filesystems", SPOOF_TABLE_FILESYSTEMS},
};

bool table_by_name(const char *path, enum spoof_table *table) {
    const char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(last, names[i].name) == 0) {
            *table = names[i].table;
            return true;
        }
    }
    return false;
}
