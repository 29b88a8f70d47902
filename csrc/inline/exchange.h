/* exchange.h - the calls of ours by which a program exchanges a page of its code for a changed
 * copy. Rule: the same by each mechanism; nothing is mapped over but that page. */
#ifndef SPOOF_EXCHANGE_H
#define SPOOF_EXCHANGE_H

#include <stdint.h>
#include <sys/mman.h>

#include "../arch/agent_signs.h"
#include "../arch/arch.h"

struct exchange_call {
    int32_t number;
    int count;
    uint64_t arguments[6];
};

static inline uint64_t exchange_page(uint64_t address) {
    return address & ~(AGENT_PAGE - 1ULL);
}

/* Memory for code: never writable and executable. `flags`: more of them, for mmap(2). */
static inline struct exchange_call exchange_map(uint64_t where, uint64_t length, uint64_t flags) {
    return (struct exchange_call){
        NUMBER_MMAP,
        6,
        {where, length, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | flags, UINT64_MAX, 0}};
}

/* The copy takes the place of the page. It returns that one's address. */
static inline struct exchange_call exchange_move(uint64_t copy, uint64_t page) {
    return (struct exchange_call){
        NUMBER_MREMAP, 5, {copy, AGENT_PAGE, AGENT_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page}};
}

#endif
