/* shape.h - how the code for x86_64 is laid out. */
#ifndef SPOOF_SHAPE_X86_64_H
#define SPOOF_SHAPE_X86_64_H

#define AGENT_STUBS 22U /* places in a program that may lead here */
#define AGENT_STUB_SIZE 320U
#define STUB_LOOK_SIZE 48U /* of the code that looks at the ends of names */
#define AGENT_JUMP_SIZE 5U
/* What is read of a place: so much before where it returns to, and from there on. */
#define AGENT_BEFORE 17U
#define AGENT_BEHIND 45U
/* What stands behind the code of a file: a jump of two bytes, whose distance says where a place
 * leads; code that gets the page; and the way to a stub. */
#define AGENT_ROOM_SIZE 128U
#define AGENT_COURSE_AT 1U
#define AGENT_COURSE_SIZE 1U
#define AGENT_WAY_AT 112U
#define AGENT_WAY_SIZE 14U
/* ... where the page is there already: only the way. */
#define AGENT_WAY_ROOM_SIZE 16U

/* What stands before the call. Only the first one says which call it is. */
enum agent_form {
    AGENT_FORM_NUMBER, /* mov number, %eax */
    AGENT_FORM_STACK,  /* mov 16(%rsp), %rax: all calls of glibc 2.41 that can be cancelled, in code
                          that is known */
    AGENT_FORM_DIRECTORY, /* mov $AT_FDCWD, %edi: opens of glibc's own */
    AGENT_FORM_GO, /* mov %rbx, %rdi: all calls of Go, in a function that is known as a whole */
    AGENT_FORMS,
};

#define ROUTINE_SIZE 384U /* at most */
#define ROUTINE_NEEDS_ROOM false

#endif
