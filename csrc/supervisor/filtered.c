/* filtered.c - the list, by the ids of leaders. Rule: as in its header. */
#include "filtered.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../mechanism/lineage.h"
#include "../mechanism/own_calls.h"
#include "../tracee/proc_text.h"

static pid_t *listed; /* 0: free */
static size_t places;
static bool incomplete;

static bool make_room(void) {
    const size_t more = places + 64;
    pid_t *room = realloc(listed, more * sizeof *room);
    if (!room)
        return false;
    memset(room + places, 0, (more - places) * sizeof *room);
    listed = room;
    places = more;
    return true;
}

static void list(pid_t leader) {
    size_t i = 0;
    filtered_forget(leader); /* not twice */
    while (i < places && listed[i] != 0)
        i++;
    if (leader > 0 && (i < places || make_room()))
        listed[i] = leader;
    else
        incomplete = true;
}

void filtered_note(pid_t tid) {
    if (own_calls_are_counted()) /* else lineage_note_filter() was told */
        list(proc_leader(tid));
}

void filtered_note_child(pid_t maker, pid_t child) {
    if (own_calls_are_counted() && own_calls_meet_filters_at(maker, 1))
        filtered_note(child);
}

void filtered_forget(pid_t tid) {
    for (size_t i = 0; i < places; i++)
        if (listed[i] == tid)
            listed[i] = 0;
}

bool filtered_is_beside(pid_t tid) {
    bool beside = incomplete;
    if (!own_calls_are_counted())
        return !lineage_is_apart(tid);
    for (size_t i = 0; i < places && !beside; i++)
        beside = listed[i] != 0 && syscall(SYS_kcmp, tid, listed[i], K_KCMP_VM, 0, 0) <= 0;
    return beside;
}
