/* examine.c - says what doctor/ has found out, in the shape of `seccomp-spoof doctor`.
 * Rule: a bundle works where the mechanism works that it would take, with the policy that it holds.
 */
#include "examine.h"

#include <stdio.h>
#include <string.h>

#include "../doctor/machine.h"
#include "../policy/blob.h"

static const char *yes(bool value) {
    return value ? "yes" : "no";
}

static void print_machine(FILE *to, const struct machine *machine, const struct held *held) {
    fprintf(to, "machine\n  package     %s\n  kernel      %s %s\n", held->texts[TEXT_VERSION],
            machine->system.release, machine->system.machine);
    fprintf(to, "  privileges  uid %u, CAP_SYS_ADMIN %s, CAP_SYS_PTRACE %s\n", machine->uid,
            yes(machine->sys_admin), yes(machine->sys_ptrace));
    if (machine->yama < 0)
        fprintf(to, "  Yama        not in this kernel\n\n");
    else
        fprintf(to, "  Yama        ptrace_scope %d\n\n", machine->yama);
}

static void print_features(FILE *to, const struct machine *machine) {
    int width = 0;
    for (size_t i = 0; i < machine->count; i++)
        if ((int)strlen(machine->features[i].name) > width)
            width = (int)strlen(machine->features[i].name);
    fprintf(to, "features\n");
    for (size_t i = 0; i < machine->count; i++) {
        const struct feature *each = &machine->features[i];
        fprintf(to, "  %-*s  %-3s  %s\n", width, each->name, yes(each->works), each->why);
    }
}

static const struct feature *feature_of(const struct machine *machine, const char *name) {
    for (size_t i = 0; i < machine->count; i++)
        if (strcmp(machine->features[i].name, name) == 0)
            return &machine->features[i];
    return NULL;
}

/* Nothing works without it, whatever mechanism is taken, unless no call is stopped. */
static bool is_needed(const struct feature *each, const char *mechanism, bool automatic) {
    return strcmp(each->name, "proc") == 0 || strcmp(each->name, mechanism) == 0 ||
           (automatic && (strcmp(each->name, "notify") == 0 || strcmp(each->name, "trace") == 0 ||
                          strcmp(each->name, "ptrace") == 0));
}

const char *examine(const struct held *held, const struct line *line, bool *works) {
    struct machine machine;
    char *text = NULL;
    size_t length = 0;
    const bool automatic = strcmp(line->mechanism, "auto") == 0;
    machine_examine(held->policy, &machine);
    const struct feature *named = feature_of(&machine, line->mechanism);
    const struct feature *proc = feature_of(&machine, "proc");
    const char *taken = automatic || !proc || !proc->works ? machine.mechanism
                        : named && named->works            ? line->mechanism
                                                           : NULL;
    *works = taken || blob_header(held->policy)->calls == 0;
    FILE *to = open_memstream(&text, &length);
    if (!to)
        return "";
    print_machine(to, &machine, held);
    print_features(to, &machine);
    fprintf(to, "\nmechanism: %s\n%s%s\n\n", taken ? taken : "none",
            taken && machine.stays ? held->texts[TEXT_STAYS] : "", held->texts[TEXT_CHOSEN]);
    if (!*works)
        fprintf(to, "problems\n");
    for (size_t i = 0; i < machine.count && !*works; i++) {
        const struct feature *each = &machine.features[i];
        if (!each->works && is_needed(each, line->mechanism, automatic))
            fprintf(to, "  %s: %s\n", each->name, each->why);
    }
    fprintf(to, "%s%s\n", *works ? "" : "\n", held->texts[*works ? TEXT_WORKS : TEXT_FAILS]);
    return fclose(to) == 0 ? text : "";
}
