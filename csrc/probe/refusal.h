/* refusal.h - whether somebody, not the kernel's age, keeps a call from working.
 * Rule: only what /proc/self/status and the error say is told; without /proc nothing is known. */
#ifndef SPOOF_REFUSAL_H
#define SPOOF_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

/* Is this process under a filter of somebody above? */
bool refusal_by_profile(void);

/* Says in `why` who has refused `call` with `error` (EPERM, EACCES or ENOSYS). False: nobody has,
 * the kernel does not know the call. */
bool refusal_explain(int error, const char *call, char *why, size_t size);

/* kernel.yama.ptrace_scope, 0 to 3; -1 without Yama. */
int refusal_yama_scope(void);
/* Why a program cannot be read or traced, and what to do: by Yama, or else `otherwise`. */
const char *refusal_by_yama(const char *otherwise);

#endif
