/* subject.h - what all subjects share: ask the kernel, print one canonical line.
 *
 * A line is `LABEL ret=R errno=E type=0x... namelen=N bsize=N flags=0x...` or, for a call that
 * failed, `LABEL ret=-1 errno=E`. Everything on it is the same in two runs on one filesystem; the
 * suite compares a native run with a wrapped one, byte for byte. Lines that start with `note ` are
 * shown in reports and not compared.
 *
 * Exit status 77: this kernel or user cannot do it at all. 99: the subject could not be set up. */
#ifndef SUBJECT_H
#define SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/vfs.h>

struct answer {
    long ret;
    int error;
    bool intact; /* a call that failed left the buffer alone; one that worked stayed inside it */
    struct statfs fs;
};

/* Static subjects make the system call itself, dynamic ones go through libc. */
struct answer ask_path(const char *path);
struct answer ask_fd(int fd);
/* The bare calls, for arguments that libc or a C compiler would not let through. */
long raw_statfs(const void *path, void *buffer);
long raw_fstatfs(long fd, void *buffer);

bool same_answer(const struct answer *a, const struct answer *b);
void say(const char *label, const struct answer *answer);
void say_path(const char *label, const char *path);
void say_fd(const char *label, int fd);
/* Every path, with itself as the label. */
void say_paths(const char *const paths[], size_t count);
/* Opens with these flags, says what fstatfs answers, closes. */
void say_open(const char *label, const char *path, int flags);
/* A line of another form; atomic, so that lines of two processes never mix. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

_Noreturn void die(const char *what);
_Noreturn void not_applicable(const char *reason);
/* Ends the subject unless `result` is at least 0; hands it back otherwise. */
long must(long result, const char *what);
/* Ends the subject as not applicable if `result` is -1 with an errno that says "cannot here". */
long may(long result, const char *what);

/* Numbers of calls are written for a fast machine; SUBJECT_EFFORT (per cent) scales them. */
long effort(long calls);

/* Makes a file with these bytes; parents have to be there. */
void make_file(const char *path, const char *text);
void make_directory(const char *path, mode_t mode);
void make_link(const char *target, const char *path);
int open_or_die(const char *path, int flags);
/* An absolute path below the working directory, in storage of its own. */
char *absolute(const char *relative);
/* Copies this very program to `path` with mode `mode`. */
void copy_self(const char *path, mode_t mode);

/* Waits for a child and ends the subject if it did not exit with 0. 77 is handed on. */
void reap(pid_t pid, const char *what);
/* Runs `body` in a forked child and reaps it. */
void in_child(void (*body)(void *), void *context, const char *what);
/* Gives up every privilege: user and group `id`, these supplementary groups. */
void become(uid_t id, const gid_t *groups, size_t count);
/* Own mount namespace in which nothing leaks out; not applicable without the privilege. */
void private_mounts(void);

/* Two processes or threads take turns: each side owns one of these. */
struct turn {
    int pipe[2];
};
void turn_make(struct turn *turn);
void turn_give(struct turn *turn);
void turn_wait(struct turn *turn);
/* The same, where a child has to give the turn: one that ends before it does so ends the subject,
 * which says how it ended. */
void turn_wait_for(struct turn *turn, pid_t child, const char *what);
/* Runs `body` in a thread, with two turns: it gives the first one when it stands where it is to
 * stand, and waits for the second before it ends. Between these the caller runs `meanwhile`. */
void beside_thread(void *(*body)(void *), void (*meanwhile)(void));

/* xorshift64*: the same sequence everywhere. */
struct dice {
    uint64_t state;
};
uint32_t roll(struct dice *dice, uint32_t sides);

/* tree.c: what `paths`, `existing` and others walk over, made below the working directory. */
void make_sample_tree(void);

#endif
