/* pages.h - memory whose pages come from somebody who takes its time: a FUSE server, or
 * userfaultfd(2). Whoever touches a page for the first time waits until `before` has returned in
 * the server. */
#ifndef PAGES_H
#define PAGES_H

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096UL
#define MOST_PAGES 1024UL

static char page_content[PAGE];
static void (*before_page)(void);
static void (*before_flush)(void); /* of who closes a file of FUSE; NULL: nobody waits for that */
static int kept_from_server = -1;  /* a descriptor that the server's process closes */

static void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- FUSE: one file, which is all there is ---- */

static void reply(int fd, uint64_t unique, int error, const void *body, size_t length) {
    struct fuse_out_header head = {(uint32_t)(sizeof head + length), error, unique};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)(uintptr_t)body, length}};
    if (writev(fd, parts, 2) < 0 && errno != ENOENT)
        die("answer of the FUSE server");
}

static struct fuse_attr attributes_of(uint64_t node) {
    return (struct fuse_attr){
        .ino = node,
        .size = node == 2 ? PAGE * MOST_PAGES : 0,
        .mode = node == 2 ? S_IFREG | 0644 : S_IFDIR | 0755,
        .nlink = 1,
    };
}

static void serve_one(int fd, char *request) {
    struct fuse_in_header *head = (void *)request;
    void *body = head + 1;
    switch (head->opcode) {
    case FUSE_INIT: {
        const struct fuse_init_in *in = body;
        struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION,
                                    .minor = in->minor,
                                    .max_background = 65535,
                                    .congestion_threshold = 65535,
                                    .max_write = 65536};
        reply(fd, head->unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_LOOKUP: {
        struct fuse_entry_out out = {.nodeid = 2, .entry_valid = 1000, .attr_valid = 1000};
        out.attr = attributes_of(2);
        reply(fd, head->unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_GETATTR: {
        struct fuse_attr_out out = {.attr_valid = 1000, .attr = attributes_of(head->nodeid)};
        reply(fd, head->unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_OPEN: {
        struct fuse_open_out out = {.fh = 1, .open_flags = FOPEN_KEEP_CACHE};
        reply(fd, head->unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_READ: {
        const struct fuse_read_in *in = body;
        char *out = malloc(in->size);
        for (uint32_t at = 0; at < in->size; at += PAGE)
            memcpy(out + at, page_content, in->size - at < PAGE ? in->size - at : PAGE);
        before_page();
        reply(fd, head->unique, 0, out, in->size);
        free(out);
        break;
    }
    case FUSE_FLUSH:
        if (before_flush)
            before_flush();
        reply(fd, head->unique, before_flush ? 0 : -ENOSYS, NULL, 0);
        break;
    case FUSE_STATFS: {
        struct fuse_statfs_out out = {.st = {.blocks = 4711, .bsize = 4096, .frsize = 4096}};
        reply(fd, head->unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        break;
    default:
        reply(fd, head->unique, -ENOSYS, NULL, 0);
    }
}

struct request {
    int fd;
    char bytes[1 << 17];
};

static void *serve_read(void *argument) {
    struct request *request = argument;
    serve_one(request->fd, request->bytes);
    free(request);
    return NULL;
}

/* Each read, and each flush, has a thread of its own, so that they may all wait. */
static void serve_fuse(int fd) {
    for (;;) {
        struct request *request = malloc(sizeof *request);
        pthread_t thread;
        request->fd = fd;
        if (read(fd, request->bytes, sizeof request->bytes) < 0)
            exit(errno == ENODEV ? 0 : 1);
        const uint32_t opcode = ((struct fuse_in_header *)request->bytes)->opcode;
        if (opcode == FUSE_READ || opcode == FUSE_FLUSH) {
            if (pthread_create(&thread, NULL, serve_read, request) != 0)
                die("thread of the FUSE server");
            pthread_detach(thread);
        } else {
            serve_read(request);
        }
    }
}

/* A process of its own serves. `directory` is mounted on, in our mount namespace. */
__attribute__((unused)) static char *pages_of_fuse(const char *directory) {
    char options[128], name[4096];
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fuse < 0)
        die("/dev/fuse");
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
    if (mount("pages", directory, "fuse", 0, options) != 0)
        die("mount");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(kept_from_server);
        serve_fuse(fuse);
    }
    if (child < 0)
        die("fork");
    close(fuse);
    snprintf(name, sizeof name, "%s/pages", directory);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    char *pages = mmap(NULL, PAGE * MOST_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (fd < 0 || pages == MAP_FAILED || madvise(pages, PAGE * MOST_PAGES, MADV_RANDOM) != 0)
        die(name);
    close(fd);
    return pages;
}

/* ---- userfaultfd ---- */

static bool waits_for_writers; /* pages are there, and it is their first writer who waits */

static void *serve_faults(void *argument) {
    int fd = (int)(intptr_t)argument;
    struct uffd_msg message;
    while (read(fd, &message, sizeof message) == sizeof message) {
        before_page();
        const uint64_t page = message.arg.pagefault.address & ~(PAGE - 1);
        struct uffdio_copy copy = {.dst = page, .src = (uintptr_t)page_content, .len = PAGE};
        struct uffdio_writeprotect open = {.range = {page, PAGE}};
        if (waits_for_writers && ioctl(fd, UFFDIO_WRITEPROTECT, &open) != 0)
            die("UFFDIO_WRITEPROTECT");
        if (!waits_for_writers && ioctl(fd, UFFDIO_COPY, &copy) != 0 && errno != EEXIST)
            die("UFFDIO_COPY");
    }
    return NULL;
}

/* NULL: not permitted here. */
__attribute__((unused)) static char *pages_of_userfaultfd(bool writers) {
    pthread_t thread;
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API,
                             .features = writers ? UFFD_FEATURE_PAGEFAULT_FLAG_WP : 0};
    if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0)
        return NULL;
    char *pages =
        mmap(NULL, PAGE * MOST_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register all = {.range = {(uintptr_t)pages, PAGE * MOST_PAGES},
                                  .mode = writers ? UFFDIO_REGISTER_MODE_WP
                                                  : UFFDIO_REGISTER_MODE_MISSING};
    struct uffdio_writeprotect closed = {.range = all.range, .mode = UFFDIO_WRITEPROTECT_MODE_WP};
    waits_for_writers = writers;
    for (unsigned i = 0; writers && pages != MAP_FAILED && i < MOST_PAGES; i++)
        memcpy(pages + i * PAGE, page_content, PAGE);
    if (pages == MAP_FAILED || ioctl(fd, UFFDIO_REGISTER, &all) != 0 ||
        (writers && ioctl(fd, UFFDIO_WRITEPROTECT, &closed) != 0) ||
        pthread_create(&thread, NULL, serve_faults, (void *)(intptr_t)fd) != 0)
        die("userfaultfd");
    return pages;
}

#endif
