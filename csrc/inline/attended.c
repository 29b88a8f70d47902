/* attended.c - the table of those calls. Rule: as in its header. */
#include "attended.h"

#include <stddef.h>

#include "../arch/arch.h"

static const struct {
    int32_t number;
    enum path_argument path;
} calls[] = {
    {NUMBER_OPENAT, PATH_SECOND},     {NUMBER_OPENAT2, PATH_SECOND},
    {NUMBER_STATFS, PATH_FIRST},      {NUMBER_FSTATFS, PATH_NOWHERE},
    {NUMBER_NEWFSTATAT, PATH_SECOND}, {NUMBER_STATX, PATH_SECOND},
    {NUMBER_FACCESSAT, PATH_SECOND},  {NUMBER_FACCESSAT2, PATH_SECOND},
    {NUMBER_READLINKAT, PATH_SECOND},
#ifdef NUMBER_STAT
    {NUMBER_STAT, PATH_FIRST},        {NUMBER_LSTAT, PATH_FIRST},
    {NUMBER_ACCESS, PATH_FIRST},      {NUMBER_READLINK, PATH_FIRST},
#endif
};

bool attended_call(int32_t number, enum path_argument *path) {
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i].number == number) {
            *path = calls[i].path;
            return true;
        }
    return false;
}

/* The last ones only where rules name paths. */
const int32_t attended_by_go[ATTENDED_BY_GO] = {
    NUMBER_OPENAT,    NUMBER_OPENAT2,    NUMBER_STATFS,     NUMBER_FSTATFS, NUMBER_NEWFSTATAT,
    NUMBER_FACCESSAT, NUMBER_FACCESSAT2, NUMBER_READLINKAT, NUMBER_STATX};
