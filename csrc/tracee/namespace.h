/* namespace.h - tells namespaces apart. */
#ifndef SPOOF_NAMESPACE_H
#define SPOOF_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Inode number of a namespace of a thread ("user", "pid", "mnt"), as in /proc/self/ns, or 0 where
 * that says nothing. `proc` is our own /proc. */
uint64_t namespace_of(int proc, pid_t tid, const char *kind);
/* Do two threads have the same /proc/TID/uid_map, or neither any? */
bool namespace_maps_equal(int proc, pid_t a, pid_t b);

#endif
