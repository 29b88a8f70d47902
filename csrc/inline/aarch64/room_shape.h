/* room_shape.h - where parts of a room lie, and what it keeps on the stack. */
#ifndef SPOOF_ROOM_SHAPE_H
#define SPOOF_ROOM_SHAPE_H

/* The program's own call, made there. */
#define ROOM_CALL 12U
/* Where stubs come back to. */
#define ROOM_LAND 40U
#define ROOM_BOOT 64U

/* Two registers, and the third one of the stub's. What is behind is left alone: code of Go has a
 * register of its own right below the stack pointer. */
#define FRAME_SIZE 48
#define FRAME_KEPT 16U

#endif
