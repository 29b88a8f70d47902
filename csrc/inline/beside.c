/* beside.c - those steps. Rule: as in its header. What was begun ends when its thread makes the
 * call again, or has ended: nothing is taken for granted of what it did. */
#include "beside.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../tracee/proc_text.h"
#include "../tracee/server.h"
#include "alone.h"
#include "detour.h"
#include "routine.h"

#define CALL_SIZE 2U /* syscall */
#define MOST_ADDING 64U
#define MOST_OTHERS 64U
#define PERIOD_MS 10 /* until it is looked whether a thread has ended */
#define MOST_PERIODS 100

/* What a thread has been sent to do. */
enum step { STEP_MAP, STEP_CHANGE };

static struct {
    pthread_mutex_t lock; /* guards whose turn it is, and who adds a filter */
    pthread_cond_t over;
    _Atomic pid_t tid; /* who makes calls of ours, or is about to; 0: nobody */
    pid_t process;
    /* Threads that were about to add a filter: it may not be seen in /proc yet. */
    struct {
        pid_t process, tid;
    } adding[MOST_ADDING];
    bool closed; /* there were more */
    /* Only of whose turn it is: of who serves its call, one after the other. */
    enum step step;
    uint64_t stack;  /* where its stack ended at its own call */
    unsigned others; /* calls that it has made since then and before its own one: in handlers */
    bool holds;      /* the program's page says so, too */
    bool enters;     /* it is the program's first place */
    uint64_t room;   /* code behind the program's, to be taken away; 0: none */
    uint32_t length; /* ... of these bytes */
    uint8_t bytes[ROUTINE_SIZE];
} turn = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};

/* ---- whose turn it is ---- */

bool beside_is_back(pid_t tid) {
    return atomic_load_explicit(&turn.tid, memory_order_acquire) == tid;
}

static bool is_gone(pid_t process, pid_t tid) {
    return syscall(SYS_tgkill, process, tid, 0) != 0 && errno == ESRCH;
}

/* With the lock held. */
static bool may_have_filter(pid_t process) {
    for (unsigned i = 0; i < MOST_ADDING; i++)
        if (turn.adding[i].tid != 0 && turn.adding[i].process == process)
            return true;
    return turn.closed;
}

/* With the lock held. Those of which /proc tells it are told by it. */
static void note_adding(pid_t process, pid_t tid) {
    for (unsigned i = 0; i < MOST_ADDING; i++) {
        const pid_t other = turn.adding[i].tid;
        if (other != 0 && !is_gone(turn.adding[i].process, other) && !alone_has_filter(other))
            continue;
        turn.adding[i].process = process;
        turn.adding[i].tid = tid;
        return;
    }
    turn.closed = true;
}

static enum inline_outcome take_turn(pid_t tid, pid_t process) {
    enum inline_outcome outcome = INLINE_NOTHING;
    pthread_mutex_lock(&turn.lock);
    if (may_have_filter(process))
        outcome = INLINE_FILTERED;
    else if (turn.tid != 0 && !is_gone(turn.process, turn.tid))
        outcome = INLINE_BUSY;
    if (outcome == INLINE_NOTHING) {
        turn.tid = tid;
        turn.process = process;
        turn.room = 0;
        turn.others = 0;
        turn.holds = false;
    }
    pthread_mutex_unlock(&turn.lock);
    return outcome;
}

static void end_turn(void) {
    pthread_mutex_lock(&turn.lock);
    turn.tid = 0;
    pthread_cond_broadcast(&turn.over);
    pthread_mutex_unlock(&turn.lock);
}

/* With the lock held. */
static void wait_for_turn(pid_t process, pid_t tid) {
    for (int i = 0; i < MOST_PERIODS && turn.tid != 0 && turn.tid != tid &&
                    turn.process == process && !is_gone(process, turn.tid);
         i++) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += PERIOD_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&turn.over, &turn.lock, &until);
    }
}

void beside_end(const struct stopped_call *call, bool waits) {
    uint64_t blocked;
    const pid_t process = alone_process(call, &blocked);
    pthread_mutex_lock(&turn.lock);
    note_adding(process, call->tid);
    if (waits)
        wait_for_turn(process, call->tid);
    pthread_mutex_unlock(&turn.lock);
}

/* ---- the thread ---- */

/* Where its stack ends, and where its call returns to: /proc/TID/syscall, proc(5). */
static bool read_stop(const struct stopped_call *call, uint64_t *stack, uint64_t *back) {
    char text[256];
    return proc_text_of(call->server->context->proc, call->tid, "syscall", text, sizeof text) > 0 &&
           sscanf(text, "%*d %*x %*x %*x %*x %*x %*x %" SCNx64 " %" SCNx64, stack, back) == 2;
}

/* Is it the call that the detour has made again? A handler may make the same one, before the detour
 * is over: its stack ends elsewhere. */
static bool is_own_call(const struct entry *entry) {
    uint64_t stack, back;
    return read_stop(entry->call, &stack, &back) && stack == turn.stack &&
           back == entry->place.back;
}

/* ---- steps ---- */

#define MAP_OF(where, size)                                                                        \
    {                                                                                              \
        NUMBER_MMAP, 6, {                                                                          \
            (where), (size), PROT_READ | PROT_EXEC,                                                \
                MAP_PRIVATE | MAP_ANONYMOUS | K_MAP_FIXED_NOREPLACE, UINT64_MAX, 0                 \
        }                                                                                          \
    }

/* Has the thread make these calls, by code at an address where nobody is: in the detour's page, or,
 * before that is there, behind the program's own code, from where it is taken away afterwards. */
static enum inline_outcome send(struct entry *entry, enum step step,
                                const struct routine_call *calls, uint64_t blocked) {
    uint8_t bytes[ROUTINE_SIZE];
    const struct routine routine = {
        .calls = calls,
        .count = step == STEP_CHANGE ? 2 : 1,
        .mask = blocked,
        .own = entry->call,
        .instruction = entry->place.back - CALL_SIZE,
    };
    uint64_t address = agent_detour(entry->plan->address);
    if (!entry->room.has_detour) /* which address it is does not change its length by much */
        address = entry_find_room(entry, routine_make(&routine, address, bytes));
    if (address == 0)
        return INLINE_NO_ROOM;
    const uint32_t length = routine_make(&routine, address, bytes);
    if (!entry_write(entry, address, bytes, length))
        return INLINE_NO_ACCESS;
    turn.step = step;
    if (!entry->room.has_detour) {
        turn.room = address;
        turn.length = length;
        memcpy(turn.bytes, bytes, length);
    }
    /* Once more: who serves its next call sees all of this. */
    atomic_store_explicit(&turn.tid, entry->call->tid, memory_order_release);
    return detour_make(entry->call, entry->place.back, address + ROUTINE_BEGIN);
}

static void clear_room(struct entry *entry) {
    uint8_t there[ROUTINE_SIZE];
    if (turn.room != 0 && entry_read(entry, turn.room, there, turn.length) &&
        memcmp(there, turn.bytes, turn.length) == 0) {
        memset(there, 0, turn.length);
        entry_write(entry, turn.room, there, turn.length);
    }
    turn.room = 0;
}

/* In the program's page: a worker after us has to know, too. */
static bool write_holder(const struct entry *entry, pid_t tid) {
    const int32_t holder = tid;
    return entry_write(entry, agent_holder(entry->plan->address), &holder, sizeof holder);
}

static bool hold(const struct entry *entry) {
    turn.holds = write_holder(entry, entry->call->tid);
    return turn.holds;
}

static void hold_no_more(const struct entry *entry) {
    if (turn.holds)
        write_holder(entry, 0);
    turn.holds = false;
}

/* A worker before us may have begun with a thread, and nobody knows whether that one has gone on.
 */
static bool is_held(const struct entry *entry, pid_t process) {
    int32_t holder = 0;
    return !entry_read(entry, agent_holder(entry->plan->address), &holder, sizeof holder) ||
           (holder != 0 && !is_gone(process, holder));
}

/* The copy takes the place of the page, and the next one is mapped. */
static enum inline_outcome change(struct entry *entry, uint64_t blocked) {
    const uint64_t copy = agent_copy(entry->plan->address);
    const uint64_t page = entry->at & ~(AGENT_PAGE - 1ULL);
    const struct routine_call calls[] = {
        {NUMBER_MREMAP, 5, {copy, AGENT_PAGE, AGENT_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page}},
        MAP_OF(copy, AGENT_PAGE),
    };
    const uint64_t stub = entry_make_stub(entry);
    const uint64_t room = stub != 0 ? entry_make_room(entry, stub) : 0;
    if (room == 0)
        return INLINE_NO_ROOM;
    turn.enters = stub == agent_stub(entry->plan->address, 0);
    return entry_make_copy(entry, copy, room) ? send(entry, STEP_CHANGE, calls, blocked)
                                              : INLINE_NO_ACCESS;
}

/* With the page there. `back`: it has been sent before, and does not map the copy again. */
static enum inline_outcome change_or_map(struct entry *entry, bool back, uint64_t blocked) {
    const struct routine_call map[] = {MAP_OF(agent_copy(entry->plan->address), AGENT_PAGE)};
    if (entry->room.has_copy)
        return change(entry, blocked);
    return back ? INLINE_NO_PAGE : send(entry, STEP_MAP, map, blocked);
}

static enum inline_outcome look(struct entry *entry, bool back) {
    const uint64_t page = entry->plan->address;
    const struct routine_call map[] = {MAP_OF(page, AGENT_REGION)};
    uint64_t blocked, called;
    const pid_t process = alone_process(entry->call, &blocked);
    if (process == 0 || !read_stop(entry->call, &turn.stack, &called) ||
        called != entry->place.back)
        return INLINE_NO_ACCESS;
    const enum inline_outcome fit = alone_prove_process(entry->call, process);
    if (fit != INLINE_NOTHING)
        return fit;
    if (!room_find(entry->call, entry->memory, entry->at, page, &entry->room) ||
        !entry->call->mechanism->still_stopped(entry->call))
        return INLINE_NO_ACCESS;
    if (!entry->room.is_code)
        return INLINE_OTHER_CODE;
    const enum page_state state = entry_page_state(entry);
    if (state == PAGE_MISSING && !back)
        return send(entry, STEP_MAP, map, blocked);
    if (state == PAGE_MISSING || state == PAGE_OTHER || !entry->room.has_detour)
        return INLINE_NO_PAGE;
    if (state == PAGE_EMPTY && !entry_fill_page(entry))
        return INLINE_NO_ACCESS;
    if (is_held(entry, process))
        return INLINE_BUSY;
    if (!hold(entry))
        return INLINE_NO_ACCESS;
    const enum inline_outcome outcome = change_or_map(entry, back, blocked);
    if (outcome != INLINE_AWAY)
        hold_no_more(entry);
    return outcome;
}

/* A call of a handler: where the thread comes back to must stay as it is. One that never comes back
 * (longjmp) keeps its program from further steps, as long as it lives, and nobody else. */
static enum inline_outcome wait_for_own_call(void) {
    if (turn.others++ == MOST_OTHERS)
        end_turn();
    return INLINE_BUSY;
}

static enum inline_outcome go_on(struct entry *entry, enum place_state place) {
    clear_room(entry);
    hold_no_more(entry);
    if (place == PLACE_COMPILED && turn.step == STEP_MAP)
        return look(entry, true);
    if (place != PLACE_LEADS)
        return INLINE_NO_ACCESS; /* it was stopped, or may not map so much */
    return turn.enters ? INLINE_ENTERED : INLINE_ANSWERED;
}

enum inline_outcome beside_enter(struct entry *entry, enum place_state place) {
    const bool back = beside_is_back(entry->call->tid);
    uint64_t blocked;
    enum inline_outcome outcome = INLINE_NOTHING;
    if (!back)
        outcome = take_turn(entry->call->tid, alone_process(entry->call, &blocked));
    if (outcome != INLINE_NOTHING)
        return outcome;
    if (back && !is_own_call(entry))
        return wait_for_own_call();
    outcome = back ? go_on(entry, place) : look(entry, false);
    if (outcome != INLINE_AWAY)
        end_turn();
    return outcome;
}
