/* main.c - the supervisor program: one verb a step of `exec`. Users call `seccomp-spoof` instead,
 * or a bundle: this program with a policy behind it. */
#include <stdio.h>
#include <string.h>

#include "bundle/bundle.h"
#include "bundle/held.h"
#include "doctor/doctor.h"
#include "process/proctitle.h"
#include "process/failure.h"
#include "supervisor/start.h"

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        int (*run)(int, char **);
    } verbs[] = {
        {"start", verb_start},
        {"probe", verb_probe},
        {"surfaces", verb_surfaces},
        {"overlay", verb_overlay},
    };
    proctitle_init(count, arguments);
    if (held_any())
        return bundle_main(count, arguments);
    for (size_t i = 0; count > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(arguments[1], verbs[i].name) == 0)
            return verbs[i].run(count - 2, arguments + 2);
    fputs("seccomp-spoof-supervisor is a part of seccomp-spoof; run `seccomp-spoof --help`\n",
          stderr);
    return STATUS_OUR_FAULT;
}
