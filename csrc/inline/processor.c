/* processor.c - asks the processor itself: its maker and family (CPUID, leaves 0 and 1).
 * Rule: as in its header; the list grows by machines that docs/reliability.md has rows of. */
#include "processor.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

struct family {
    const char *maker;
    unsigned family;
};

static const struct family proved[] = {{"AuthenticAMD", 25}};

/* As both makers say it: the extended family counts where the family is 15. */
static unsigned family_of(unsigned signature) {
    const unsigned family = signature >> 8 & 0xf, extended = signature >> 20 & 0xff;
    return family == 0xf ? family + extended : family;
}

static bool is_proved(const char *maker, unsigned family) {
    for (size_t i = 0; i < sizeof proved / sizeof *proved; i++)
        if (strcmp(proved[i].maker, maker) == 0 && proved[i].family == family)
            return true;
    return false;
}

void processor_describe(char text[PROCESSOR_TEXT_SIZE]) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    char maker[13] = "";
    snprintf(text, PROCESSOR_TEXT_SIZE, "not proved on unknown");
    if (!__get_cpuid(0, &a, &b, &c, &d))
        return;
    memcpy(maker, &b, sizeof b);
    memcpy(maker + 4, &d, sizeof d);
    memcpy(maker + 8, &c, sizeof c);
    for (size_t i = 0; maker[i] != '\0'; i++) /* a hypervisor may say anything */
        if (!isalnum((unsigned char)maker[i]))
            maker[i] = '?';
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return;
    const unsigned family = family_of(a);
    snprintf(text, PROCESSOR_TEXT_SIZE, "%sproved on %s family %u",
             is_proved(maker, family) ? "" : "not ", maker, family);
}

#else

void processor_describe(char text[PROCESSOR_TEXT_SIZE]) {
    snprintf(text, PROCESSOR_TEXT_SIZE, "not proved on aarch64");
}

#endif
