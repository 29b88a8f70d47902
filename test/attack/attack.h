/* attack.h - what the parts of the attacker share. */
#ifndef ATTACK_H
#define ATTACK_H

/* who.c: becomes one of the kinds of unprivileged program and runs `then` as it, perhaps in another
 * thread. 0: unknown, or not to be had here. */
int become(const char *who, void (*then)(void));
/* calls.c: makes every call on a path, and prints a line for each: NAME, a blank, the call, a
 * colon, what came of it. */
void try_all(const char *name, const char *path);
/* ... of its opens only each one of so many, from this one on. */
void try_part(unsigned part, unsigned parts);
/* procfs.c: says what of other processes can be had by rules alone, which are about a directory. */
void attack_processes(const char *directory);

#endif
