/* generate.c - content that depends on the machine.
 * Rule: in the form that the kernel's own file has, as far as any reader is known to look. */
#include "generate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"

#define LINES_MAX 2

/* What has a source tells the number that stands there, once in each line, behind these words. Of
 * memory it is not known which part is cache: nothing is said to be, so that nobody takes memory
 * for free that is not. The most that is known to have been used is what is used now. Both versions
 * of cgroups count in what their children use. */
static const struct generator {
    const char *name, *source;
    const char *lines[LINES_MAX];
} generators[] = {
    {"zero-per-cpu", NULL, {NULL}},
    {"memory-stat", "memory.usage_in_bytes", {"rss ", "total_rss "}},
    {"memory-stat-v2", "memory.current", {"anon "}},
    {"memory-max-usage", "memory.usage_in_bytes", {""}},
};

static const struct generator *find(const char *name) {
    for (size_t i = 0; i < sizeof generators / sizeof *generators; i++)
        if (strcmp(generators[i].name, name) == 0)
            return &generators[i];
    return NULL;
}

bool generator_known(const char *name) {
    return find(name) != NULL;
}

const char *generator_source(const char *name) {
    const struct generator *generator = find(name);
    return generator ? generator->source : NULL;
}

/* cpuacct.usage_percpu of a cgroup that has used nothing. Linux has one number for each CPU that is
 * possible, and a blank after the last one, too; readers split it at blanks. */
static int zero_per_cpu(struct output *content) {
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

/* A number of 64 bits, and nothing else but a newline. */
static bool is_number(const char *text, size_t length) {
    if (length > 0 && text[length - 1] == '\n')
        length--;
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return length > 0 && length <= 20;
}

static int from_number(const struct generator *generator, const char *number, size_t length,
                       struct output *content) {
    struct bytes out = {0};
    if (!is_number(number, length))
        return -EINVAL;
    size_t digits = number[length - 1] == '\n' ? length - 1 : length;
    for (size_t i = 0; i < LINES_MAX && generator->lines[i]; i++) {
        const char *words = generator->lines[i];
        if (!bytes_put(&out, words, strlen(words)) || !bytes_put(&out, number, digits) ||
            !bytes_put(&out, "\n", 1)) {
            free(out.data);
            return -ENOMEM;
        }
    }
    *content = (struct output){out.data, out.length};
    return 0;
}

int generate(const char *name, const char *source, size_t source_length, struct output *content) {
    const struct generator *generator = find(name);
    if (!generator)
        return -EINVAL;
    return generator->source ? from_number(generator, source, source_length, content)
                             : zero_per_cpu(content);
}
