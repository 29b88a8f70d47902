/* load.c - writes that instruction. */
#include "load.h"

#include <fcntl.h>

/* As the place would have done it. */
void load_put(struct code *code, const struct agent_place *place) {
    switch (place->form) {
    case AGENT_FORM_STACK:
        PUT(code, 0x48, 0x8b, 0x44, 0x24, 0x10); /* mov 16(%rsp), %rax */
        break;
    case AGENT_FORM_DIRECTORY:
        PUT(code, 0xbf); /* mov $AT_FDCWD, %edi */
        code_put_32(code, (uint32_t)AT_FDCWD);
        break;
    case AGENT_FORM_GO:
        PUT(code, 0x48, 0x89, 0xdf); /* mov %rbx, %rdi */
        break;
    default:
        code_put_move(code, place->number);
    }
}
