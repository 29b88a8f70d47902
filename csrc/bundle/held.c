/* held.c - finds and verifies what a bundle holds.
 * Rule: it is copied into memory of our own: later nothing reads the program's file, which may lie
 * on a filesystem that does not answer, or be cut off. */
#include "held.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "../content/bytes.h"
#include "../policy/blob.h"

#define MOST_TEXT (256U << 20)

/* src/run/bundle.ts finds this in the program's file by its first bytes, and fills in the rest; all
 * numbers are little-endian, as both machines are. */
struct bundle_mark {
    char magic[24];
    uint32_t blob_version, text_count; /* what this program can read */
    uint64_t offset;        /* of the blob, from the start of the file; the texts follow it */
    uint64_t policy_length; /* of the blob; 0: this is the supervisor itself */
    uint64_t text_length;   /* of the texts, each with its NUL */
    uint64_t digest;        /* of both */
};
_Static_assert(sizeof(struct bundle_mark) == 64, "its layout is known elsewhere");

/* volatile: the compiler must not take the zeros for what will be there. */
static const volatile struct bundle_mark mark = {
    .magic = "seccomp-spoof bundle at",
    .blob_version = BLOB_VERSION,
    .text_count = TEXT_COUNT,
};

bool held_any(void) {
    return mark.policy_length != 0;
}

/* By /proc, or without one by the path that execve(2) was given. */
static int open_own_file(void) {
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    const char *path = (const char *)getauxval(AT_EXECFN);
    if (fd < 0 && errno == ENOENT && path)
        fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd;
}

/* `length` bytes at `offset`: malloc'ed, or NULL; errno is 0 if the file ends before. */
static char *read_part(int fd, uint64_t offset, size_t length) {
    char *bytes = malloc(length);
    size_t done = 0;
    while (bytes && done < length) {
        ssize_t got = pread(fd, bytes + done, length - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            int error = got < 0 ? errno : 0;
            free(bytes);
            errno = error;
            return NULL;
        }
        done += (size_t)got;
    }
    return bytes;
}

static bool split_texts(struct held *held, const char *text, size_t length) {
    const char *end = text + length;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const char *zero = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;
        if (!zero)
            return false;
        held->texts[i] = text;
        text = zero + 1;
    }
    return text == end;
}

static int damaged(struct failure *failure, const char *what) {
    return fail(failure, 0,
                "this bundle is damaged: %s; copy it again, or make it anew with seccomp-spoof "
                "bundle",
                what);
}

int held_verify(struct held *held, const struct held_end *end, struct failure *failure) {
    size_t length = (size_t)(end->policy_length + end->text_length);
    held->policy = (const uint8_t *)end->bytes;
    held->policy_length = (size_t)end->policy_length;
    if (bytes_digest(DIGEST_BEGIN, end->bytes, length) != end->digest)
        return damaged(failure, "its bytes are not those that were written");
    if (!split_texts(held, end->bytes + end->policy_length, (size_t)end->text_length))
        return damaged(failure, "its texts are not those of this version");
    const char *fault = blob_check(held->policy, end->policy_length);
    return fault ? damaged(failure, fault) : 0;
}

int held_read(struct held *held, struct failure *failure) {
    const struct bundle_mark own = mark;
    if (own.policy_length > BLOB_MAX_LENGTH || own.text_length < TEXT_COUNT ||
        own.text_length > MOST_TEXT || own.offset > INT32_MAX)
        return damaged(failure, "it does not say what it holds");
    int fd = open_own_file();
    if (fd < 0)
        return fail(failure, errno, "cannot read this bundle's own file%s",
                    errno == EACCES ? "; whoever runs it must be allowed to (chmod a+r)" : "");
    char *bytes = read_part(fd, own.offset, (size_t)(own.policy_length + own.text_length));
    int error = errno;
    close(fd);
    if (!bytes && error)
        return fail(failure, error, "cannot read this bundle's own file");
    if (!bytes)
        return damaged(failure, "its end is missing");
    const struct held_end end = {bytes, own.policy_length, own.text_length, own.digest};
    return held_verify(held, &end, failure);
}

const char *held_with(const char *text, const char *word) {
    const char *gap = strstr(text, "%s");
    char *filled = NULL;
    if (!gap || asprintf(&filled, "%.*s%s%s", (int)(gap - text), text, word, gap + 2) < 0)
        return text;
    return filled;
}
