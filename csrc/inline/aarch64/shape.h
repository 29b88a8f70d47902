/* shape.h - how the code for aarch64 is laid out. */
#ifndef SPOOF_SHAPE_AARCH64_H
#define SPOOF_SHAPE_AARCH64_H

#define AGENT_STUBS 18U /* places with the same call share one */
#define AGENT_STUB_SIZE 384U
#define STUB_LOOK_SIZE 0U /* there is no such code */
#define AGENT_JUMP_SIZE 4U
/* What is read of a place: so much before where it returns to, and from there on. */
#define AGENT_BEFORE 32U
#define AGENT_BEHIND 48U
/* What stands behind the code of a file: way.c. */
#define AGENT_ROOM_SIZE 144U
#define AGENT_COURSE_AT 20U
#define AGENT_COURSE_SIZE 4U
#define AGENT_WAY_AT 56U
#define AGENT_WAY_SIZE 8U
/* ... where the page is there already. */
#define AGENT_WAY_ROOM_SIZE 64U

/* How the place says which call it is. */
enum agent_form {
    AGENT_FORM_NUMBER,  /* mov x8, number: it is the only one that is made there */
    AGENT_FORM_CANCELS, /* all calls of glibc 2.41 that can be cancelled, where no thread can be */
    AGENT_FORM_GO,      /* all calls of Go, in a function that is known as a whole */
    AGENT_FORMS,
};

#define ROUTINE_SIZE 384U /* at most */
/* Far from the place. */
#define ROUTINE_NEEDS_ROOM true

#endif
