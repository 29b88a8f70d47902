/* draw.h - numbers at random for tests in C, which a seed repeats. */
#ifndef TEST_DRAW_H
#define TEST_DRAW_H

#include <stdint.h>

static uint64_t state;

/* The next number of the sequence that the seed in `state` begins. */
static inline uint32_t draw(uint32_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(state >> 33) % below;
}

#endif
