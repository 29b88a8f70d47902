/* store.h - the files that content rules hold: one inode a rule.
 * Rule: what programs have written is kept by the guardian, and outlives every worker; the rest can
 * be made again at any time. */
#ifndef SPOOF_STORE_H
#define SPOOF_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once, before anything else: room for the rules of this (checked) policy. 0 or -ENOMEM. */
int store_open(const uint8_t *policy);
/* Makes the files that keep what is written, with descriptors from `first` on. The first number
 * that is free behind them, or -errno. */
int store_keep(const uint8_t *policy, int first);
/* The file of a rule, or -errno: a descriptor that stays the store's (`lent`), until
 * store_replace(), or one of the caller's own. `path`: what its name shall be in /proc/PID/fd, if
 * it is made now. To be called as ourselves. */
int store_get(const uint8_t *policy, uint32_t rule, const char *path, bool lent);
/* The same if it is made already, by whomever it is called; else -ENOENT. */
int store_made(const uint8_t *policy, uint32_t rule, bool lent);
/* From now on the rule's file is this one, which becomes the store's. */
void store_replace(const uint8_t *policy, uint32_t rule, int fd);
/* What a rule's file holds at first: malloc'ed, or NULL (no memory). */
char *store_content(const uint8_t *policy, uint32_t rule, size_t *length);

#endif
