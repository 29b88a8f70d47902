/* path_text.c - paths as text. Rule: bytes, never characters. */
#include "path_text.h"

#include <string.h>

uint32_t path_hash(const char *path) {
    uint32_t hash = 2166136261U;
    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * 16777619U;
    return hash;
}

bool path_goes_up(const char *names) {
    while (*names) {
        size_t length = strcspn(names, "/");
        if (length == 2 && names[0] == '.' && names[1] == '.')
            return true;
        names += length + strspn(names + length, "/");
    }
    return false;
}

void path_tidy(char *names) {
    char *to = names;
    for (const char *from = names; *from;) {
        size_t length = strcspn(from, "/"), slashes = strspn(from + length, "/");
        bool counts = length != 1 || *from != '.';
        if (counts) {
            memmove(to, from, length + (slashes > 0));
            to += length + (slashes > 0);
        }
        from += length + slashes;
    }
    *to = '\0';
}

const char *path_next_name(const char *name, size_t *length) {
    name += *length;
    name += *name == '/';
    *length = strcspn(name, "/");
    return *length > 0 ? name : NULL;
}

ssize_t path_below_root(char *path, size_t length, const char *root) {
    size_t prefix = strlen(root);
    if (prefix <= 1 || strncmp(path, root, prefix) != 0 ||
        (path[prefix] != '/' && path[prefix] != '\0'))
        return (ssize_t)length;
    if (path[prefix] == '\0') {
        path[1] = '\0';
        return 1;
    }
    memmove(path, path + prefix, length - prefix + 1);
    return (ssize_t)(length - prefix);
}
