/* memory.h - what can be known of a tracee's memory without touching it. */
#ifndef SPOOF_MEMORY_H
#define SPOOF_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Are all pages of [address, address + length) there, so that nobody waits who reads them? False
 * also for what is not mapped; true where the kernel cannot tell (gVisor, a kernel without NUMA).
 * `length`: up to 64 KiB. */
bool memory_is_present(pid_t tid, uint64_t address, size_t length);

/* Is the page at `address`, in a private mapping of a file, another one than the file's by now, or
 * not there? `proc` is a procfs; false where it does not tell (gVisor has no pagemap). */
bool memory_is_changed(int proc, pid_t tid, uint64_t address);

#endif
