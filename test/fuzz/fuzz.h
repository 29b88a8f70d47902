/* fuzz.h - what the fuzzer's subject shares: a program of calls, and the transcript of what they
 * answered. Rule: raw system calls only, since memory, files and libc's own state may be shared.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* Descriptors of ours, far above those that programs open. */
    FD_SELF = 900,
    FD_TRANSCRIPT,
    FD_PROGRAM,
    FD_OUTPUT,
    MOST_LINES = 512,
    MOST_WORDS = 8,
    TRANSCRIPT_BYTES = 1 << 20,
    /* Bytes of a buffer or a file that are told themselves; all count in the digest. */
    MOST_SAID = 96
};

/* Shared by all processes of a program: they take turns. */
struct transcript {
    size_t used;
    size_t inodes;
    size_t devices;
    unsigned long procfs;
    struct {
        unsigned long device, inode;
    } seen[1024];
    unsigned long device[64];
    char text[TRANSCRIPT_BYTES];
};

extern struct transcript *the_transcript;

/* A line of the program is `CALL WORD...`; run.c says what words may be. */
struct program {
    char *lines[MOST_LINES];
    int count;
    /* An interrupted call is made again, and not told: decision 17. */
    bool tells_interrupts;
};

extern struct program the_program;

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define DIGEST_OF_NOTHING 14695981039346656037u
uint64_t digest(uint64_t sum, const unsigned char *bytes, size_t count);
void say_bytes(const unsigned char *bytes, size_t count);

/* raw system call: result, or minus errno */
long call(long number, const long *words);

void program_split(char *text);
void run_lines(int from, int to);
/* Once, before programs are started: less for each of them to do. */
void run_prepare(void);
/* Makes often what a program can come to answer itself, so that what it forks answers it. */
void run_warm(void);

/* Tells what the call has left in a buffer: without times, numbers of inodes and free space. */
enum kind { NOTHING, STAT, STATX, STATFS, BYTES, NAMES, LISTING, UNAME, SYSINFO, PAIR, STRING };
void say_answer(enum kind kind, const unsigned char *buffer, size_t room, long result);

/* Makes what all programs find, and what only `full` policies tell: natively as real files. */
void world_make(const char *place, bool lies_are_real, unsigned owner);
void world_make_one(const char *place, const char *name);
void world_tell_and_restore_shared(const char *place);
void world_tell_and_remove_strays(const char *place);
void world_dump(const char *place);

#endif
