/* byte_set.h - some of the 256 bytes. */
#ifndef SPOOF_BYTE_SET_H
#define SPOOF_BYTE_SET_H

#include <stdbool.h>
#include <stdint.h>

struct byte_set {
    uint64_t bits[4];
};

static inline bool set_has(const struct byte_set *set, unsigned char byte) {
    return (set->bits[byte / 64] >> byte % 64 & 1) != 0;
}

static inline void set_add(struct byte_set *set, unsigned char byte) {
    set->bits[byte / 64] |= (uint64_t)1 << byte % 64;
}

#endif
