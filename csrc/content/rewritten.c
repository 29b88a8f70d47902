/* rewritten.c - reads a file, changes its lines, and writes them to a file in memory.
 * Rule: as few system calls as for a file that is read at once; of a small one no file is made
 * here. */
#include "rewritten.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "results.h"
#include "rewrite.h"
#include "snapshot.h"

#define PART ((size_t)64 << 10)

struct work {
    struct rewriting *rewriting;
    const char *name;
    struct rewritten *made;
    struct bytes in, out;
    size_t written; /* bytes that lie in the file in memory */
    bool in_long_line;
};

/* ---- what is written ---- */

static int flush(struct work *work) {
    struct rewritten *made = work->made;
    if (made->fd < 0)
        made->fd = snapshot_new(work->name, true);
    if (made->fd < 0)
        return -ENOMEM;
    const size_t length = work->written + work->out.length;
    if (length >= RESULTS_FROM && length > made->claimed) {
        if (!results_claim(length - made->claimed))
            return -ENOMEM;
        made->claimed = length;
    }
    int error = write_all(made->fd, work->out.data, work->out.length);
    made->digest = bytes_digest(made->digest, work->out.data, work->out.length);
    work->written = length;
    work->out.length = 0;
    return error;
}

static int put(struct work *work, const char *text, size_t length) {
    if (!bytes_put(&work->out, text, length))
        return -ENOMEM;
    if (work->written + work->out.length > REWRITE_MAX)
        return -EFBIG;
    return work->out.length >= PART ? flush(work) : 0;
}

/* Whole lines, but for the last one of the file. */
static int put_lines(struct work *work, const char *text, size_t length) {
    struct table_change change;
    if (length == 0)
        return 0;
    int error = rewriting_apply(work->rewriting, text, length, &change);
    if (error != 0)
        return error;
    work->made->lines += change.lines;
    return change.text ? put(work, change.text, change.length) : put(work, text, length);
}

/* ---- what is read ---- */

static void consume(struct work *work, size_t length) {
    work->in.length -= length;
    memmove(work->in.data, work->in.data + length, work->in.length);
}

/* The rest of a line that is too long passes, up to its end. */
static int pass_long_line(struct work *work) {
    const char *newline = memchr(work->in.data, '\n', work->in.length);
    size_t length = newline ? (size_t)(newline - work->in.data) + 1 : work->in.length;
    int error = put(work, work->in.data, length);
    work->in_long_line = newline == NULL;
    consume(work, length);
    return error;
}

/* All lines of which the end is there. */
static int take_lines(struct work *work) {
    int error = work->in_long_line ? pass_long_line(work) : 0;
    if (error != 0 || work->in_long_line)
        return error;
    const char *newline = memrchr(work->in.data, '\n', work->in.length);
    size_t length = newline ? (size_t)(newline - work->in.data) + 1 : 0;
    error = put_lines(work, work->in.data, length);
    consume(work, length);
    if (error == 0 && work->in.length > REWRITE_MAX_LINE) {
        work->in_long_line = true;
        error = pass_long_line(work);
    }
    return error;
}

static int take_all(struct work *work, int real) {
    int error = 0;
    while (error == 0) {
        if (!bytes_reserve(&work->in, work->in.length + PART))
            return -ENOMEM;
        ssize_t got = read(real, work->in.data + work->in.length, PART);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        work->in.length += (size_t)got;
        work->made->read += (size_t)got;
        /* The kernel's own files come in small pieces; none is looked at twice. */
        if (work->made->read > REWRITE_MAX)
            error = -EFBIG;
        else if (work->in.length >= PART)
            error = take_lines(work);
    }
    if (error == 0 && work->in_long_line)
        error = pass_long_line(work);
    return error == 0 ? put_lines(work, work->in.data, work->in.length) : error;
}

int rewritten_make(const uint8_t *policy, uint32_t rule, int real, const char *name, bool always,
                   struct rewritten *made) {
    struct work work = {.name = name, .made = made};
    *made = (struct rewritten){.fd = -1,
                               .digest = bytes_digest(DIGEST_BEGIN + rule, name, strlen(name) + 1)};
    int error = rewriting_begin(policy, rule, &work.rewriting);
    if (error != 0)
        return error == -EINVAL || error == -E2BIG ? -ENOMEM : error;
    error = take_all(&work, real);
    bool differs = always || made->lines > 0;
    if (error == 0 && differs && made->fd < 0) {
        made->small = true;
        made->bytes = work.out;
        work.out = (struct bytes){0};
    } else if (error == 0 && differs && work.out.length > 0) {
        error = flush(&work);
    }
    rewriting_end(work.rewriting);
    free(work.in.data);
    free(work.out.data);
    if (error == 0 && differs)
        return 0;
    rewritten_drop(made);
    return error;
}

void rewritten_drop(struct rewritten *made) {
    if (made->fd >= 0)
        close(made->fd);
    if (made->claimed > 0)
        results_give_back(made->claimed);
    free(made->bytes.data);
    made->fd = -1;
    made->claimed = 0;
    made->bytes = (struct bytes){0};
    made->small = false;
}
