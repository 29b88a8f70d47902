/* agent.h - the pages of ours in a program, and their code, as bytes for x86_64.
 * Rule: the code uses no memory but its own page, the answer that the kernel has just written, and
 * a path that it has just read; and no register but rax, rcx and r11, which a call changes anyway,
 * and the arithmetic flags, which compilers take for changed. */
#ifndef SPOOF_AGENT_H
#define SPOOF_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../arch/agent_signs.h"

#define AGENT_STUBS 22U /* places in a program that may lead here */
#define AGENT_STUB_SIZE 320U
#define AGENT_HEAD_SIZE 24U
#define AGENT_JUMP_SIZE 5U
/* What is read of a place: so much before where it returns to, and from there on. */
#define AGENT_BEFORE 14U
#define AGENT_BEHIND 45U
/* What stands behind the code of a file: a jump of two bytes, whose distance says where a place
 * leads; code that gets the page; and the way to a stub. */
#define AGENT_ROOM_SIZE 128U
#define AGENT_COURSE_AT 1U
#define AGENT_WAY_AT 112U
#define AGENT_WAY_SIZE 14U
/* ... where the page is there already: only the way. */
#define AGENT_WAY_ROOM_SIZE 16U
#define AGENT_ROOM_STEP 16U /* from one room to where the next one may begin */

/* Writes memory of a program that a tracer has stopped, whatever its rights: 0 or -errno. */
typedef int code_writer(pid_t tid, uint64_t address, const void *bytes, size_t length);

/* Where calls are answered inside programs. */
struct inline_plan {
    uint64_t address;  /* of the page: the same in each program of a tree; 0: nowhere */
    uint64_t blocks;   /* what statfs(2) tells of the size of the filesystem of files in memory */
    uint32_t after;    /* so many stopped calls of a process */
    bool beside;       /* by notify: also beside threads; beside.h */
    uint32_t shortest; /* the length of the shortest last name of a rule: names_shortest() */
};

/* Stopped calls of a process: one that makes fewer is not worth what it costs. */
#define CALLS_BEFORE_AGENT 64U

/* How calls are stopped. */
enum agent_below { AGENT_BELOW_NOTIFY, AGENT_BELOW_TRACE, AGENT_BELOW_OTHER };

/* Why no program of this machine can answer calls by itself, or NULL. `killable`: signals do not
 * interrupt a call that notify answers. */
const char *agent_missing(enum agent_below below, bool killable);

/* Why programs cannot answer by themselves under a policy (a checked blob); NULL: they can. */
const char *agent_refusal(const uint8_t *policy);
/* If they can: do they find out which opens are about no table? */
bool agent_looks_at_opens(const uint8_t *policy);
/* ... and which calls are theirs, in words. */
const char *agent_calls(const uint8_t *policy);

/* What is written before the stubs are. */
#define AGENT_HEAD_PART 1024U
struct agent_head {
    uint8_t bytes[AGENT_HEAD_PART];
};
void agent_make_head(const uint8_t *policy, const struct inline_plan *plan,
                     struct agent_head *head);
/* Is this how the page at `address` begins? */
bool agent_is_head(const uint8_t head[AGENT_HEAD_SIZE], uint64_t address);
/* Where a byte other than 0 makes all stubs leave their calls to the program's own instruction. */
uint64_t agent_switch(uint64_t address);
/* Where another one says that the program has threads: opens of a C library are left alone, since
 * code that makes them may be one that a thread can be cancelled in. */
uint64_t agent_threads(uint64_t address);
/* Where the id of a thread is that has begun to change code; 0: none. */
uint64_t agent_holder(uint64_t address);
uint64_t agent_copy(uint64_t address);
uint64_t agent_detour(uint64_t address);
uint64_t agent_stub(uint64_t address, unsigned index);

/* What stands before the call. Only the first one says which call it is. */
enum agent_form {
    AGENT_FORM_NUMBER,    /* mov number, %eax */
    AGENT_FORM_STACK,     /* mov 16(%rsp), %rax: all calls of glibc 2.41 that can be cancelled */
    AGENT_FORM_DIRECTORY, /* mov $AT_FDCWD, %edi: opens of glibc's own */
    AGENT_FORM_GO, /* mov %rbx, %rdi: all calls of Go, in a function that is known as a whole */
    AGENT_FORMS,
};

struct agent_place {
    enum agent_form form;
    int32_t number; /* of the call that the agent attends to */
    uint64_t back;  /* where it returns to */
};

/* Bytes of the stubs that a place needs, one behind the other. */
size_t agent_stubs_size(const uint8_t *policy, enum agent_form form);
/* The stubs at `stub` for this place. */
#define AGENT_MOST_STUBS 8U
void agent_make_stub(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                     const struct agent_place *place,
                     uint8_t bytes[AGENT_MOST_STUBS * AGENT_STUB_SIZE]);

/* Where a place of this form begins. */
uint64_t agent_place_begin(const struct agent_place *place);
/* Is the place as it is made by compilers? `code`: around `back`; what was not read is 0. */
bool agent_is_place(const struct agent_place *place,
                    const uint8_t code[AGENT_BEFORE + AGENT_BEHIND]);
/* Is it an open of a C library's, in which a thread could be cancelled, if there is more than one?
 * Those of glibc 2.41 are made elsewhere then. */
bool agent_may_be_cancelled(const struct agent_place *place);
/* Makes the place lead to `to`. False: too far. */
bool agent_make_jump(const struct agent_place *place, uint64_t to,
                     uint8_t code[AGENT_BEFORE + AGENT_BEHIND]);
/* Where a place leads, if it is such a jump and then `syscall`. */
bool agent_read_jump(uint64_t back, const uint8_t code[AGENT_BEFORE + AGENT_BEHIND], uint64_t *to);
/* Where a room leads: to the code that maps the page and then makes the call as before, to a stub,
 * or only to the call. One byte says it, so it can change beside whoever runs the code. */
enum agent_course { AGENT_BOOTS, AGENT_ANSWERS, AGENT_LEAVES };

/* The byte at AGENT_COURSE_AT. */
uint8_t agent_course_byte(enum agent_course course);
/* The way to a stub, for AGENT_WAY_AT. */
void agent_make_way(uint64_t stub, uint8_t bytes[AGENT_WAY_SIZE]);
/* A room that is only a way to a stub. */
void agent_make_way_room(uint64_t stub, uint8_t bytes[AGENT_WAY_ROOM_SIZE]);
/* The room at `room` for this place, which boots, without a way. False: too far. */
bool agent_make_room(uint64_t address, uint64_t room, const struct agent_place *place,
                     uint8_t bytes[AGENT_ROOM_SIZE]);
/* Is this such a room, of the agent at `address`, and does it boot? */
bool agent_boots(uint64_t address, const uint8_t bytes[AGENT_ROOM_SIZE]);

#endif
