/* files.c - files that are made of other files: part by part, within bounds, shared while the
 * source is as it was, and with their holes. Built with ASan and UBSan. usage: files SEED */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../csrc/content/results.h"
#include "../../csrc/content/rewrite.h"
#include "../../csrc/content/rewritten.h"
#include "../../csrc/content/snapshot.h"
#include "../../csrc/policy/blob.h"
#include "../support/draw.h"

#define MIB ((size_t)1 << 20)

static int fail(const char *what) {
    printf("files: %s\n", what);
    return 1;
}

static uint8_t *make_policy(const char *pattern, const char *replacement) {
    struct spoof_builder *builder = spoof_builder_new();
    spoof_builder_file(builder, "rewrite", SPOOF_FILE_REWRITE);
    spoof_builder_when_path(builder, "/a");
    spoof_builder_file_rewrite(builder, pattern, replacement);
    size_t length = (size_t)spoof_builder_finish(builder, NULL, 0);
    uint8_t *blob = malloc(length);
    spoof_builder_finish(builder, blob, length);
    spoof_builder_free(builder);
    return blob;
}

static int file_of(const char *text, size_t length) {
    int fd = memory_file("source", text, length, false);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* ---- parts ---- */

/* Is what is made of the file what is made of the text at once? */
static bool is_whole(const uint8_t *policy, const char *text, size_t length) {
    struct rewriting *rewriting;
    struct table_change change;
    struct rewritten made;
    int real = file_of(text, length);
    rewriting_begin(policy, 0, &rewriting);
    bool right = rewriting_apply(rewriting, text, length, &change) == 0 &&
                 rewritten_make(policy, 0, real, "/a", false, &made) == 0 && made.read == length &&
                 (made.small || made.fd >= 0) == (change.text != NULL) &&
                 made.lines == change.lines;
    if (right && made.small)
        right = made.bytes.length == change.length &&
                memcmp(made.bytes.data, change.text, change.length) == 0;
    if (right && made.fd >= 0) {
        char *bytes = malloc(change.length + 1);
        right = pread(made.fd, bytes, change.length + 1, 0) == (ssize_t)change.length &&
                memcmp(bytes, change.text, change.length) == 0;
        free(bytes);
    }
    rewritten_drop(&made);
    rewriting_end(rewriting);
    close(real);
    return right;
}

static int parts(void) {
    uint8_t *policy = make_policy("^first|b(c*)d", "<\\1>");
    const size_t most = 400000;
    char *text = malloc(most);
    for (int i = 0; i < 60; i++) {
        size_t length = draw((uint32_t)most);
        uint32_t lines = 1U << draw(18); /* one of so many bytes is a newline */
        for (size_t k = 0; k < length; k++)
            text[k] = draw(lines) == 0 ? '\n' : "abcd first"[draw(10)];
        if (!is_whole(policy, text, length))
            return fail("parts that are not the whole");
    }
    /* A change at the very end, behind much that does not change. */
    memset(text, 'x', most);
    memcpy(text + most - 7, "\nfirst\n", 7);
    if (!is_whole(policy, text, most) || !is_whole(policy, "", 0) || !is_whole(policy, "bd", 2))
        return fail("the ends");
    /* A line that is too long passes, and the next one does not. */
    char *line = malloc(3 * MIB);
    memset(line, 'a', 3 * MIB);
    memcpy(line, "bcd", 3);
    memcpy(line + 2 * MIB, "bcd\nbcd\n", 8);
    struct rewritten made;
    char tail[9] = {0};
    int real = file_of(line, 2 * MIB + 8);
    if (rewritten_make(policy, 0, real, "/a", false, &made) != 0 || made.lines != 1 ||
        pread(made.fd, tail, 8, 2 * MIB) != 8 || strcmp(tail, "bcd\n<c>\n") != 0)
        return fail("a line that is too long");
    rewritten_drop(&made);
    close(real);
    free(line);
    free(text);
    free(policy);
    printf("files: parts give the whole\n");
    return 0;
}

/* ---- bounds ---- */

static int error_of(const char *pattern, const char *replacement, int real) {
    uint8_t *policy = make_policy(pattern, replacement);
    struct rewritten made;
    lseek(real, 0, SEEK_SET);
    int error = rewritten_make(policy, 0, real, "/a", true, &made);
    if (error == 0)
        rewritten_drop(&made);
    else if (made.fd >= 0 || made.small || made.claimed != 0)
        error = 1;
    free(policy);
    return error;
}

static int bounds(void) {
    int zeros = file_of("", 0);
    if (ftruncate(zeros, 65 * (off_t)MIB) != 0 || error_of("a", "b", zeros) != -EFBIG)
        return fail("a source that is too large");
    char *text = malloc(MIB);
    memset(text, 'a', MIB);
    int as = file_of(text, MIB);
    char many[201] = {0};
    memset(many, 'b', 200);
    if (error_of("a", many, as) != -EFBIG)
        return fail("a result that is too large");
    if (error_of("(a|aa)*a{1,2000}b", "", as) != -ETIME)
        return fail("too many steps");
    if (error_of("a", "b", as) != 0)
        return fail("what fits");
    /* All of it claimed: nothing large can be made until some is given back. */
    if (!results_claim(RESULTS_MAX) || results_claim(1) || error_of("a", "b", as) != -ENOMEM)
        return fail("no room");
    results_give_back(RESULTS_MAX);
    if (error_of("a", "b", as) != 0)
        return fail("room again");
    /* What somebody has open counts; what nobody has open makes room. */
    int held[4];
    for (int i = 0; i < 4; i++) {
        if (!results_claim(RESULTS_MAX / 4))
            return fail("a quarter");
        const struct snapshot_kind kind = {.mode = 0444};
        int fd = snapshot_make("held", "x", 1, &kind);
        held[i] = open_again(fd, O_RDONLY);
        results_keep(fd, RESULTS_MAX / 4, 0);
        close(fd);
    }
    if (results_claim(1))
        return fail("what is open was let go of");
    close(held[1]);
    if (!results_claim(RESULTS_MAX / 4) || results_claim(1))
        return fail("what is not open was not let go of");
    results_give_back(RESULTS_MAX / 4);
    for (int i = 0; i < 4; i += i == 0 ? 2 : 1)
        close(held[i]);
    if (!results_claim(RESULTS_MAX))
        return fail("something was lost");
    results_give_back(RESULTS_MAX);
    close(as);
    close(zeros);
    free(text);
    printf("files: bounds hold\n");
    return 0;
}

/* ---- sharing ---- */

static int sharing(void) {
    char name[] = "/tmp/source-XXXXXX";
    int real = mkstemp(name);
    char *text = calloc(MIB, 1);
    struct source first, second;
    struct result result = {.fd = memory_file("result", "x", 1, true), .lines = 7}, again;
    struct timespec times[2] = {{.tv_sec = 1000, .tv_nsec = 5}, {.tv_sec = 1000, .tv_nsec = 5}};
    /* However long this takes, a change in an hour is a recent one. */
    const struct timespec soon[2] = {{.tv_sec = time(NULL) + 3600}, {.tv_sec = time(NULL) + 3600}};
    if (write(real, text, MIB) != MIB || futimens(real, soon) != 0 || source_read(real, &first))
        return fail("a file that has just changed");
    futimens(real, times);
    /* ctime(2) cannot be set back; it is read as it will be. */
    struct stat info;
    fstat(real, &info);
    while (!source_read(real, &first))
        usleep(1000);
    first.rule = first.uid = first.gid = 0;
    second = first;
    if (results_begin(&first, &again) != 0)
        return fail("what was never made");
    results_end(&first, &second, &result, 0);
    if (results_begin(&second, &again) != 1 || again.lines != 7 || again.fd < 0)
        return fail("what was made");
    close(again.fd);
    second.uid = 1;
    if (results_begin(&second, &again) != 0)
        return fail("another user's");
    results_end(&second, NULL, &result, 0); /* changed meanwhile */
    if (results_begin(&second, &again) != 0)
        return fail("what changed while it was read");
    results_end(&second, NULL, &(struct result){.fd = -1, .error = -ETIME}, 0);
    second = first;
    second.modified.tv_nsec++;
    if (results_begin(&second, &again) != 0)
        return fail("another time");
    results_end(&second, &second, &(struct result){.fd = -1, .error = -ETIME}, 0);
    if (results_begin(&second, &again) != 1 || again.fd != -1 || again.error != -ETIME)
        return fail("what cannot be made is tried again");
    if (results_begin(&first, &again) != 0)
        return fail("an older one is still given");
    results_end(&first, NULL, &(struct result){.fd = -1}, 0);
    unlink(name);
    close(real);
    close(result.fd);
    free(text);
    printf("files: one result for all\n");
    return 0;
}

static int alike(void) {
    const struct snapshot_kind kind = {.mode = 0444}, other = {.mode = 0400};
    int first = snapshot_make("a", "same", 4, &kind), same = snapshot_make("a", "same", 4, &kind);
    int bytes = snapshot_make("a", "some", 4, &kind), mode = snapshot_make("a", "same", 4, &other);
    results_claim(4);
    results_keep(first, 4, 77);
    int like = results_like(same, 77);
    struct stat info, found;
    fstat(first, &info);
    if (like < 0 || fstat(like, &found) != 0 || info.st_ino != found.st_ino ||
        results_like(same, 78) >= 0 || results_like(bytes, 77) >= 0 || results_like(mode, 77) >= 0)
        return fail("files that are alike");
    close(first);
    close(same);
    close(bytes);
    close(mode);
    close(like);
    return 0;
}

/* ---- holes ---- */

static int holes(void) {
    int from = memory_file("from", "begin", 5, false), to = memory_file("to", "", 0, true);
    const off_t length = (off_t)1 << 40;
    char bytes[8] = {0};
    if (pwrite(from, "middle", 6, length / 2) != 6 || ftruncate(from, length) != 0 ||
        snapshot_copy(from, to, false) != 0)
        return fail("a copy");
    struct stat info;
    fstat(to, &info);
    if (info.st_size != length || snapshot_data(to) > 65536 || pread(to, bytes, 6, 0) != 6 ||
        memcmp(bytes, "begin\0", 6) != 0 || pread(to, bytes, 6, length / 2) != 6 ||
        memcmp(bytes, "middle", 6) != 0)
        return fail("holes");
    if (write(to, "x", 1) >= 0 || errno != EPERM)
        return fail("not sealed");
    close(from);
    close(to);
    printf("files: holes stay holes\n");
    return 0;
}

int main(int count, char **arguments) {
    state = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    fprintf(stderr, "seed %llu\n", (unsigned long long)state);
    return parts() != 0 || bounds() != 0 || sharing() != 0 || alike() != 0 || holes() != 0;
}
