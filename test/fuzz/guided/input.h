/* input.h - takes what a target needs from the bytes that the fuzzer gives it.
 * Rule: what is taken is a copy of exactly its length, so that ASan guards both ends; behind the
 * last byte there are zeros and empty texts. */
#ifndef TEST_GUIDED_INPUT_H
#define TEST_GUIDED_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../csrc/spoof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    size_t left;
};

/* A little-endian number of so many bytes. */
uint64_t take(struct input *input, size_t bytes);
/* Below `below`, of one byte. */
uint32_t choose(struct input *input, uint32_t below);
/* Up to the next NUL, and behind it; `longest` bytes at most. Freed by end_input(). */
char *take_text(struct input *input, size_t longest);
/* All that is left. Freed by end_input(). */
char *take_rest(struct input *input, size_t *length);
/* Memory that end_input() frees. */
void *room(size_t size);
void end_input(void);

/* The blob of what was built, or NULL if it was refused; a blob that the check does not take is a
 * fault. Freed by end_input(), and the builder at once. */
const uint8_t *built(struct spoof_builder *builder, size_t *length);

/* What must hold: else the program ends as for a crash. */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            broken(#condition, __FILE__, __LINE__, __VA_ARGS__);                                   \
    } while (0)
_Noreturn void broken(const char *condition, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Every byte of it, for ASan to see. */
void read_all_of(const void *bytes, size_t length);
void read_text(const char *text);

#endif
