/* beside.c - those steps. Rule: as in its header. */
#include "beside.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "alone.h"
#include "detour.h"
#include "routine.h"

/* Long after so many others have added one, /proc tells of it. */
#define MOST_ADDING 256U
#define MOST_SECONDS 30

static struct {
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool taken;
    pid_t process;             /* whose it is, if it is taken */
    pid_t adding[MOST_ADDING]; /* processes that were about to add a filter, the last ones */
    unsigned added;
} turn = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};

/* ---- whose turn it is ---- */

/* With the lock held. */
static bool may_have_filter(pid_t process) {
    for (unsigned i = 0; i < MOST_ADDING; i++)
        if (turn.adding[i] == process)
            return true;
    return false;
}

static enum inline_outcome take_turn(pid_t process) {
    enum inline_outcome outcome = INLINE_NOTHING;
    pthread_mutex_lock(&turn.lock);
    if (may_have_filter(process)) {
        outcome = INLINE_FILTERED;
    } else if (turn.taken) {
        outcome = INLINE_BUSY;
    } else {
        turn.taken = true;
        turn.process = process;
    }
    pthread_mutex_unlock(&turn.lock);
    return outcome;
}

static void leave_turn(void) {
    pthread_mutex_lock(&turn.lock);
    turn.taken = false;
    pthread_cond_broadcast(&turn.over);
    pthread_mutex_unlock(&turn.lock);
}

void beside_end(const struct stopped_call *call, bool waits) {
    uint64_t blocked;
    struct timespec until;
    const pid_t process = alone_process(call, &blocked);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += MOST_SECONDS;
    pthread_mutex_lock(&turn.lock);
    turn.adding[turn.added++ % MOST_ADDING] = process;
    while (waits && turn.taken && turn.process == process &&
           pthread_cond_timedwait(&turn.over, &turn.lock, &until) == 0)
        ;
    pthread_mutex_unlock(&turn.lock);
}

/* ---- the program's page says it, too: a worker after us has to know ---- */

static bool hold(const struct entry *entry) {
    const int32_t holder = entry->call->tid;
    return entry_write(entry, agent_holder(entry->plan->address), &holder, sizeof holder);
}

static void hold_no_more(const struct entry *entry) {
    const int32_t nobody = 0;
    entry_write_anyway(entry, agent_holder(entry->plan->address), &nobody, sizeof nobody);
}

/* A worker before us may have sent a thread, and nobody knows how far that one has come. */
static bool is_held(const struct entry *entry, pid_t process) {
    int32_t holder = 0;
    return !entry_read(entry, agent_holder(entry->plan->address), &holder, sizeof holder) ||
           (holder != 0 && (syscall(SYS_tgkill, process, holder, 0) == 0 || errno != ESRCH));
}

/* ---- steps ---- */

static struct exchange_call map_of(uint64_t where, uint64_t size) {
    return exchange_map(where, size, K_MAP_FIXED_NOREPLACE);
}

/* Has the thread make these calls, of which each returns its `wanted`, by code at an address where
 * nobody is: in the page for it, or, before that or the room is there, behind the program's own
 * code, from where it is taken away again. */
static enum inline_outcome send(struct entry *entry, const struct exchange_call *calls,
                                const uint64_t *wanted, unsigned count, uint64_t blocked,
                                uint64_t room) {
    static const uint8_t nothing[ROUTINE_SIZE];
    uint8_t bytes[ROUTINE_SIZE];
    const bool in_page = entry->room.has_detour && (room != 0 || !ROUTINE_NEEDS_ROOM);
    const struct routine routine = {
        .calls = calls,
        .count = count,
        .mask = blocked,
        .own = entry->call,
        .instruction = entry->place.back - ARCH_CALL_INSTRUCTION,
        .room = in_page ? room : 0,
        .is_go = entry->place.form == AGENT_FORM_GO,
    };
    uint64_t address = agent_detour(entry->plan->address);
    if (!in_page) /* which address it is does not change its length by much */
        address = entry_find_room(entry, routine_make(&routine, entry->room.first, bytes));
    if (address == 0)
        return INLINE_NO_ROOM;
    const uint32_t length = routine_make(&routine, address, bytes);
    if (length == 0)
        return INLINE_NO_ROOM;
    struct detour detour = {
        .back = entry->place.back,
        .address = address + ROUTINE_BEGIN,
        .mask = blocked,
        .calls = count,
    };
    if (!entry_write(entry, address, bytes, length))
        return INLINE_NO_ACCESS;
    enum inline_outcome outcome = detour_make(entry->call, &detour);
    entry->away = detour.away;
    for (unsigned i = 0; i < count && i < detour.made; i++)
        if ((uint64_t)detour.results[i] != wanted[i])
            outcome = INLINE_NO_PAGE;
    if (detour.away && !detour.over)
        return outcome; /* it is gone, or what it may be in stays as it is */
    if (!in_page)
        entry_write_anyway(entry, address, nothing, length);
    if (entry->room.has_detour)
        hold_no_more(entry);
    return outcome;
}

/* What is mapped behind the page. */
static enum inline_outcome map(struct entry *entry, uint64_t where, uint64_t size,
                               uint64_t blocked) {
    const struct exchange_call call = map_of(where, size);
    const enum inline_outcome outcome = send(entry, &call, &where, 1, blocked, 0);
    return outcome == INLINE_NOTHING ? INLINE_BOOTING : outcome;
}

/* The copy takes the place of the page, and the next one is mapped. */
static enum inline_outcome change(struct entry *entry, uint64_t blocked) {
    const uint64_t copy = agent_copy(entry->plan->address);
    const uint64_t page = exchange_page(entry->at);
    const struct exchange_call calls[] = {exchange_move(copy, page), map_of(copy, AGENT_PAGE)};
    const uint64_t wanted[] = {page, copy};
    if (!entry_may_copy(entry))
        return INLINE_OTHER_CODE;
    const bool enters = entry_is_first(entry);
    const uint64_t stub = entry_make_stub(entry);
    const uint64_t room = stub != 0 ? entry_make_room(entry, stub) : 0;
    if (room == 0)
        return INLINE_NO_ROOM;
    if (!entry_make_copy(entry, copy, room))
        return INLINE_NO_ACCESS;
    const enum inline_outcome outcome = send(entry, calls, wanted, 2, blocked, room);
    if (outcome != INLINE_NOTHING)
        return outcome;
    return enters ? INLINE_ENTERED : INLINE_ANSWERED;
}

static enum inline_outcome look(struct entry *entry, pid_t process, uint64_t blocked) {
    const uint64_t page = entry->plan->address;
    const enum inline_outcome fit = alone_prove_process(entry->call, process);
    if (fit != INLINE_NOTHING)
        return fit;
    const enum inline_outcome around = entry_look_around(entry);
    if (around != INLINE_NOTHING)
        return around;
    const enum page_state state = entry_page_state(entry);
    if (state == PAGE_MISSING)
        return map(entry, page, AGENT_REGION, blocked);
    if (state == PAGE_OTHER || !entry->room.has_detour)
        return INLINE_NO_PAGE;
    if (state == PAGE_EMPTY && !entry_fill_page(entry))
        return INLINE_NO_ACCESS;
    if (is_held(entry, process))
        return INLINE_BUSY;
    if (!hold(entry))
        return INLINE_NO_ACCESS;
    const enum inline_outcome outcome = entry->room.has_copy
                                            ? change(entry, blocked)
                                            : map(entry, agent_copy(page), AGENT_PAGE, blocked);
    if (!entry->away)
        hold_no_more(entry);
    return outcome;
}

enum inline_outcome beside_enter(struct entry *entry) {
    uint64_t blocked;
    const pid_t process = alone_process(entry->call, &blocked);
    if (process == 0)
        return INLINE_NO_ACCESS;
    enum inline_outcome outcome = take_turn(process);
    if (outcome != INLINE_NOTHING)
        return outcome;
    outcome = look(entry, process, blocked);
    leave_turn();
    if (entry->away)
        detour_leave(entry->call);
    return outcome;
}
