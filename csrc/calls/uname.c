/* uname.c - what uname(2) says of the kernel.
 * Rule: CONTINUE is right whenever this gives up: the kernel then fills the same buffer. Host and
 * domain name are the program's own, so another UTS namespace is never answered from ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../policy/blob.h"
#include "../tracee/credentials.h"
#include "../tracee/proc_text.h"
#include "../tracee/rights.h"
#include "handlers.h"

/* linux/personality.h: PER_LINUX32 (8) and UNAME26 change what uname says. */
#define PERSONALITY_OF_UNAME (0x0008UL | 0x0020000UL)

_Static_assert(sizeof(struct utsname) == 390, "struct new_utsname, the same in every ABI");
_Static_assert(sizeof(((struct utsname *)0)->release) == BLOB_MAX_UNAME + 1, "a field and its NUL");

static void apply(const uint8_t *policy, const struct blob_uname_rule *rule, struct utsname *name) {
    char *const fields[SPOOF_UNAME_COUNT] = {
        [SPOOF_UNAME_RELEASE] = name->release,
        [SPOOF_UNAME_VERSION] = name->version,
    };
    for (int i = 0; i < SPOOF_UNAME_COUNT; i++) {
        if (rule->text[i] != 0) {
            memset(fields[i], 0, sizeof name->release);
            snprintf(fields[i], sizeof name->release, "%s",
                     (const char *)blob_at(policy, rule->text[i]));
        }
    }
}

static struct verdict give(struct stopped_call *call, const uint8_t *policy, struct utsname *name) {
    const struct blob_uname_rule *rule = blob_uname_rule(policy);
    enum fallback why;
    if (!rule)
        return let_run(FALLBACK_NONE);
    apply(policy, rule, name);
    return answer_write(call, call->arguments[0], name, sizeof *name, &why) == 0
               ? answer_with(blob_first_uname(policy), 0)
               : let_run(why);
}

/* Do we and the program get the same answer? Names by namespace, machine and release by personality
 * (personality(2): PER_LINUX32, UNAME26). */
static bool says_the_same(struct stopped_call *call) {
    const int proc = call->server->context->proc;
    char text[16];
    if (!namespace_is_same(proc, call->tid, getpid(), "uts"))
        return false;
    ssize_t got = proc_text_of(proc, call->tid, "personality", text, sizeof text);
    const unsigned long persona = got > 0 ? strtoul(text, NULL, 16) : ~0UL;
    return (persona & PERSONALITY_OF_UNAME) == 0;
}

struct verdict serve_uname(struct stopped_call *call, const uint8_t *policy) {
    struct utsname name;
    if (rights_own(call->server) != 0)
        return let_run(FALLBACK_CREDENTIALS);
    bool same = says_the_same(call);
    rights_must_usual(call->server);
    if (!same || uname(&name) != 0)
        return let_run(FALLBACK_NAMESPACE);
    return give(call, policy, &name);
}

struct verdict serve_uname_end(struct stopped_call *call, const uint8_t *policy) {
    struct utsname name;
    if (call->mechanism->read(call, call->arguments[0], &name, sizeof name) != sizeof name)
        return let_run(FALLBACK_MEMORY);
    return give(call, policy, &name);
}
