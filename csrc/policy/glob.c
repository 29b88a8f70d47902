/* glob.c - does a glob match?
 * Rule: as in match.h; freestanding. */
#include "glob.h"

static const char *skip_stars(const char *glob) {
    while (*glob == '*')
        glob++;
    return glob;
}

/* Is the rest of a glob slash-stars, once or more? That also stands for nothing. */
static bool may_be_nothing(const char *glob) {
    while (glob[0] == '/' && glob[1] == '*' && glob[2] == '*')
        glob = skip_stars(glob + 1);
    return *glob == '\0';
}

bool glob_match(const char *glob, const char *path) {
    const char *const start = glob;
    /* The last star of each kind seen, to come back to with one more byte taken. A later star
     * makes an earlier one of the same reach irrelevant, so one place for each is enough. */
    const char *star_glob = 0, *star_path = 0;
    const char *deep_glob = 0, *deep_path = 0;

    for (;;) {
        if (glob[0] == '*' && glob[1] == '*') {
            const char *stars = glob;
            glob = skip_stars(glob);
            if (*glob == '\0')
                return true;
            /* slash-stars-slash also stands for a single slash: go back to the one just matched */
            if (*glob == '/' && stars != start && stars[-1] == '/')
                path--;
            deep_glob = glob;
            deep_path = path;
            star_glob = 0;
            continue;
        }
        if (*glob == '*') {
            glob++;
            star_glob = glob;
            star_path = path;
            continue;
        }
        if (*path == '\0' && may_be_nothing(glob))
            return true;
        if (*path != '\0' && *glob == '?' && *path != '/') {
            glob++;
            path++;
            continue;
        }
        if (*path != '\0' && *glob != '\0' && *glob != '?') {
            const char *literal = (*glob == '\\' && glob[1] != '\0') ? glob + 1 : glob;
            if (*literal == *path) {
                glob = literal + 1;
                path++;
                continue;
            }
        }
        if (star_glob && *star_path != '\0' && *star_path != '/') {
            glob = star_glob;
            path = ++star_path;
            continue;
        }
        if (deep_glob && *deep_path != '\0') {
            star_glob = 0;
            glob = deep_glob;
            path = ++deep_path;
            continue;
        }
        return false;
    }
}

bool word_match(const char *glob, const char *text) {
    const char *star_glob = 0, *star_text = 0;
    for (;;) {
        if (*glob == '*') {
            star_glob = ++glob;
            star_text = text;
            continue;
        }
        const char *literal = (*glob == '\\' && glob[1] != '\0') ? glob + 1 : glob;
        if (*text == '\0' && *glob == '\0')
            return true;
        if (*text != '\0' && *glob != '\0' && (*glob == '?' || *literal == *text)) {
            glob = literal + 1;
            text++;
            continue;
        }
        if (!star_glob || *star_text == '\0')
            return false;
        glob = star_glob;
        text = ++star_text;
    }
}

bool match_word_list(const uint8_t *blob, struct blob_list globs, const char *word) {
    const uint32_t *offsets = blob_at(blob, globs.offset);
    for (uint32_t i = 0; word && i < globs.count; i++)
        if (word_match(blob_at(blob, offsets[i]), word))
            return true;
    return false;
}

bool match_path_list(const uint8_t *blob, struct blob_list globs, const char *path) {
    const uint32_t *offsets = blob_at(blob, globs.offset);
    for (uint32_t i = 0; path && i < globs.count; i++)
        if (glob_match(blob_at(blob, offsets[i]), path))
            return true;
    return false;
}
