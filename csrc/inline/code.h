/* code.h - code that is written, instruction by instruction, to run somewhere else.
 * Rule: who writes gives a place that is long enough; distances are of the address where it is to
 * run, not of where it is written. */
#ifndef SPOOF_CODE_H
#define SPOOF_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What is written, to run at `address`. */
struct code {
    uint8_t *bytes;
    uint64_t address;
    uint32_t length;
    bool is_broken; /* a jump leads too far for its kind */
};

static inline void code_put(struct code *code, const void *bytes, size_t length) {
    memcpy(code->bytes + code->length, bytes, length);
    code->length += (uint32_t)length;
}

static inline void code_put_32(struct code *code, uint32_t value) {
    code_put(code, &value, sizeof value);
}

static inline void code_put_64(struct code *code, uint64_t value) {
    code_put(code, &value, sizeof value);
}

#endif
