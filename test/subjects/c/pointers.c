/* pointers - paths and buffers that are not there, not writable, or only half there. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SUPPLY = 16 };

static char *pages;  /* a readable and writable page, then a hole */
static char *supply; /* closed pages, mapped before the hole was made: nothing may land in it */
static size_t page;

static char *reserve(size_t count, int protection) {
    void *at = mmap(NULL, count * page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        die("mmap");
    return at;
}

/* The next `count` pages that nobody has touched. */
static char *map(size_t count, int protection) {
    static size_t used;
    char *at = supply + used * page;
    used += count;
    if (used > SUPPLY)
        die("supply of pages");
    must(mprotect(at, count * page, protection), "mprotect");
    return at;
}

/* The result only: what is left in a buffer after EFAULT is nobody's promise. */
static void call(const char *label, const void *path, void *buffer) {
    errno = 0;
    long ret = raw_statfs(path, buffer);
    print("%s ret=%ld errno=%d", label, ret, ret < 0 ? errno : 0);
}

static void call_fd(const char *label, long fd, void *buffer) {
    errno = 0;
    long ret = raw_fstatfs(fd, buffer);
    print("%s ret=%ld errno=%d", label, ret, ret < 0 ? errno : 0);
}

static void show(const char *label, const struct statfs *fs) {
    print("%s type=0x%lx namelen=%ld", label, (unsigned long)fs->f_type, (long)fs->f_namelen);
}

static void bad_paths(const char *hole) {
    struct statfs fs;
    call("path NULL", NULL, &fs);
    call("path 1", (void *)1, &fs);
    call("path unmapped", hole, &fs);
    call("path -1", (void *)-1L, &fs);
    call("path in the kernel", (void *)0xffff888000000000ul, &fs);
    call("path not canonical", (void *)0x0001000000000000ul, &fs);
    call("path PROT_NONE", map(1, PROT_NONE), &fs);
    char *at = pages + page - 4;
    memcpy(at, "/pro", 4);
    call("path runs into a hole", at, &fs);
    memcpy(at, "tree", 4);
    call("path that would be right runs into a hole", at, &fs);
    memset(pages, '/', page);
    call("page of slashes, then a hole", pages, &fs);
    call("last byte of the page", pages + page - 1, &fs);
    memset(pages, 'x', page);
    call("page of x, then a hole", pages, &fs);

    /* The terminating NUL is the very last byte: nothing is wrong here. */
    memcpy(pages + page - 5, "tree", 5);
    memset(&fs, 0, sizeof fs);
    call("path ends with the page", pages + page - 5, &fs);
    show("path ends with the page", &fs);
    pages[page - 1] = '\0';
    call("empty path ends with the page", pages + page - 1, &fs);

    char *frozen = map(1, PROT_READ | PROT_WRITE);
    memcpy(frozen, "tree/file", 10);
    must(mprotect(frozen, page, PROT_READ), "mprotect");
    memset(&fs, 0, sizeof fs);
    call("path on a read-only page", frozen, &fs);
    show("path on a read-only page", &fs);
    call("path literal", "tree/file", &fs);
}

static void two_pages(void) {
    struct statfs fs = {0};
    char *both = map(2, PROT_READ | PROT_WRITE);
    memcpy(both + page - 6, "tree/file", 10);
    call("path over two pages", both + page - 6, &fs);
    show("path over two pages", &fs);
    must(mprotect(both + page, page, PROT_NONE), "mprotect");
    call("path over two pages, second closed", both + page - 6, &fs);
    must(mprotect(both + page, page, PROT_READ | PROT_WRITE), "mprotect");
    struct statfs *straddling = (void *)(both + page - 40);
    call("buffer over two pages", "tree/file", straddling);
    memcpy(&fs, straddling, sizeof fs);
    show("buffer over two pages", &fs);
    call("buffer not aligned", "tree/file", both + 3);
    memcpy(&fs, both + 3, sizeof fs);
    show("buffer not aligned", &fs);

    char *fresh = map(1, PROT_READ | PROT_WRITE); /* never touched: no page is there yet */
    call("buffer never touched", "tree/file", fresh);
    memcpy(&fs, fresh, sizeof fs);
    show("buffer never touched", &fs);
    char *overlap = map(1, PROT_READ | PROT_WRITE);
    memcpy(overlap + 8, "tree/file", 10);
    call("path inside the buffer", overlap + 8, overlap);
    memcpy(&fs, overlap, sizeof fs);
    show("path inside the buffer", &fs);
    char *last = pages + page - sizeof fs;
    call("buffer ends with the page", "tree/file", last);
    memcpy(&fs, last, sizeof fs);
    show("buffer ends with the page", &fs);
}

static void bad_buffers(char *hole) {
    int fd = open_or_die("tree/file", O_RDONLY);
    char *frozen = map(1, PROT_READ);
    char *closed = map(1, PROT_NONE);
    const struct {
        const char *label;
        void *buffer;
    } buffers[] = {
        {"NULL", NULL},
        {"1", (void *)1},
        {"unmapped", hole},
        {"-1", (void *)-1L},
        {"in the kernel", (void *)0xffff888000000000ul},
        {"not canonical", (void *)0x0001000000000000ul},
        {"read-only", frozen},
        {"PROT_NONE", closed},
        {"code", (void *)(uintptr_t)&bad_buffers},
        {"runs into a hole", pages + page - 8},
        {"one byte short", pages + page - sizeof(struct statfs) + 1},
    };
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        char label[128];
        snprintf(label, sizeof label, "buffer %s, good path", buffers[i].label);
        call(label, "tree/file", buffers[i].buffer);
        snprintf(label, sizeof label, "buffer %s, /proc", buffers[i].label);
        call(label, "/proc", buffers[i].buffer);
        snprintf(label, sizeof label, "buffer %s, missing path", buffers[i].label);
        call(label, "tree/missing", buffers[i].buffer);
        snprintf(label, sizeof label, "buffer %s, path NULL", buffers[i].label);
        call(label, NULL, buffers[i].buffer);
        snprintf(label, sizeof label, "buffer %s, good descriptor", buffers[i].label);
        call_fd(label, fd, buffers[i].buffer);
        snprintf(label, sizeof label, "buffer %s, bad descriptor", buffers[i].label);
        call_fd(label, 9999, buffers[i].buffer);
    }
    for (size_t i = 0; i < page; i++)
        if (frozen[i] != 0) {
            print("READ-ONLY PAGE WAS WRITTEN");
            break;
        }
}

/* A mapping of a file that is shorter than the mapping: touching it would be SIGBUS. */
static void beyond_the_file(void) {
    make_file("short", "tree");
    int fd = open_or_die("short", O_RDWR);
    char *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        print("mmap errno=%d", errno);
        return;
    }
    struct statfs fs = {0};
    call("path in a mapped file", at, &fs);
    show("path in a mapped file", &fs);
    call("path beyond the file", at + page, &fs);
    call("buffer beyond the file", "tree/file", at + page);
    call("buffer in a mapped file", "/proc", at + 8);
    memcpy(&fs, at + 8, sizeof fs);
    show("buffer in a mapped file", &fs);
}

int main(void) {
    make_sample_tree();
    page = (size_t)sysconf(_SC_PAGESIZE);
    supply = reserve(SUPPLY, PROT_NONE);
    pages = reserve(2, PROT_READ | PROT_WRITE);
    must(munmap(pages + page, page), "munmap");
    bad_paths(pages + page + 16);
    two_pages();
    bad_buffers(pages + page + 16);
    beyond_the_file();
    return 0;
}
