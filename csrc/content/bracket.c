/* bracket.c - sets of bytes as regular expressions write them. Rule: reads up to the NUL only. */
#include "bracket.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *name;
    int (*has)(int);
} classes[] = {
    {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
    {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
    {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
};

/* Behind `[:`; ASCII only, whatever locale the process has. */
static bool add_class(const char **at, struct byte_set *set) {
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        size_t length = strlen(classes[i].name);
        if (strncmp(*at, classes[i].name, length) != 0 || strncmp(*at + length, ":]", 2) != 0)
            continue;
        for (int byte = 0; byte < 128; byte++)
            if (classes[i].has(byte))
                set_add(set, (unsigned char)byte);
        *at += length + 2;
        return true;
    }
    return false;
}

/* `[.x.]`, or `[=x=]`. */
static bool is_quoted(const char *at, char mark) {
    return at[0] == '[' && at[1] == mark && at[2] != '\0' && at[3] == mark && at[4] == ']';
}

/* One end of a range: a byte, or `[.x.]`. */
static bool read_end(const char **at, unsigned char *byte) {
    const bool quoted = is_quoted(*at, '.');
    const char *from = quoted ? *at + 2 : *at;
    if (from[0] == '\0' || (!quoted && from[0] == '[' && strchr(".=:", from[1]) && from[1]))
        return false;
    *byte = (unsigned char)from[0];
    *at += quoted ? 5 : 1;
    return true;
}

/* Is a `-` next that makes a range? As the last of the set it is itself. */
static bool is_range(const char *at) {
    return at[0] == '-' && at[1] != ']';
}

static bool add_range(const char **at, struct byte_set *set) {
    unsigned char low, high;
    if (!read_end(at, &low))
        return false;
    high = low;
    if (is_range(*at)) {
        (*at)++;
        if (!read_end(at, &high) || low > high || is_range(*at))
            return false;
    }
    for (unsigned byte = low; byte <= high; byte++)
        set_add(set, (unsigned char)byte);
    return true;
}

/* What is no end of a range but alone: a class, or `[=x=]`. */
static bool add_alone(const char **at, struct byte_set *set) {
    if ((*at)[1] == ':') {
        *at += 2;
        return add_class(at, set) && !is_range(*at);
    }
    if (!is_quoted(*at, '='))
        return false;
    set_add(set, (unsigned char)(*at)[2]);
    *at += 5;
    return !is_range(*at);
}

bool bracket_read(const char **at, struct byte_set *set) {
    *set = (struct byte_set){{0}};
    bool inverted = **at == '^';
    *at += inverted;
    const char *first = *at;
    while (**at != ']' || *at == first) {
        const bool alone = (*at)[0] == '[' && ((*at)[1] == ':' || (*at)[1] == '=');
        if (!(alone ? add_alone(at, set) : add_range(at, set)))
            return false;
    }
    (*at)++;
    for (size_t i = 0; inverted && i < 4; i++)
        set->bits[i] = ~set->bits[i];
    return true;
}
