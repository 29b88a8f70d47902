/* tracees.c - a hash table with open addressing; its capacity is a power of two.
 * Rule: only the tracing thread uses it. Where there is no memory for a larger one it gets full;
 * once nothing has room in it, nothing can be traced: it ends. */
#include "tracees.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256

static struct tracee_state first[FIRST_CAPACITY];
static struct tracee_state *table = first;
static size_t capacity = FIRST_CAPACITY, count;

static struct tracee_state *at(size_t place) {
    return &table[place & (capacity - 1)];
}

/* The entry of the tracee, or the free one where it would be. */
static struct tracee_state *find(pid_t tid) {
    size_t place = (size_t)tid;
    while (at(place)->tid != tid && at(place)->tid != 0)
        place++;
    return at(place);
}

static void grow(void) {
    struct tracee_state *old = table, *larger = calloc(capacity * 2, sizeof *larger);
    size_t old_capacity = capacity;
    /* A search ends at a place that is free. */
    if (!larger && count + 1 == capacity)
        abort();
    if (!larger)
        return;
    table = larger;
    capacity *= 2;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].tid != 0)
            *find(old[i].tid) = old[i];
    if (old != first)
        free(old);
}

struct call_made call_made(const struct registers *registers) {
    struct call_made made = {
        .address = registers_address(registers),
        .stack = registers_stack(registers),
        .number = registers_number(registers),
    };
    for (int i = 0; i < 6; i++)
        made.arguments[i] = registers_argument(registers, i);
    return made;
}

bool call_is_made_again(const struct call_made *made, const struct registers *registers) {
    const struct call_made now = call_made(registers);
    return made->address == now.address && made->stack == now.stack && made->number == now.number &&
           memcmp(made->arguments, now.arguments, sizeof now.arguments) == 0;
}

struct tracee_state *tracee_known(pid_t tid) {
    struct tracee_state *entry = find(tid);
    return entry->tid != 0 ? entry : NULL;
}

struct tracee_state *tracee_know(pid_t tid) {
    if (count * 2 >= capacity)
        grow();
    struct tracee_state *entry = find(tid);
    if (entry->tid == 0) {
        *entry = (struct tracee_state){.tid = tid};
        count++;
    }
    return entry;
}

void tracee_forget(pid_t tid) {
    struct tracee_state *entry = find(tid);
    if (entry->tid == 0)
        return;
    entry->tid = 0;
    count--;
    /* Entries behind the hole may belong before it. */
    for (size_t place = (size_t)(entry - table) + 1; at(place)->tid != 0; place++) {
        struct tracee_state moved = *at(place);
        at(place)->tid = 0;
        *find(moved.tid) = moved;
    }
}
