/* registers.h - what the code of a stub has in which register.
 * Rule: the kernel leaves all registers but the result as they are, so code may keep something in
 * each of them: the room saves two, the stub a third one, and the number of the call is known. */
#ifndef SPOOF_CODE_REGISTERS_H
#define SPOOF_CODE_REGISTERS_H

/* For anything between calls. */
#define SCRATCH 8U /* REGISTER_CALL */
#define OTHER 16U
/* Stays as it is across calls: the end of the path; the first argument. */
#define KEPT 15U
/* Where the room goes on. */
#define BACK 17U

#endif
