/* page_maps.h - /proc/TID/pagemap: what becomes of somebody who writes to a page of a tracee. */
#ifndef SPOOF_PAGE_MAPS_H
#define SPOOF_PAGE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../tracee/server.h"

/* Whose rights open the maps that the tracing thread keeps open; without it memory.h is asked. */
void page_maps_begin(struct server *server);
/* Can [address, address + length), up to 64 KiB, be written without waiting for anybody, and
 * without anybody else seeing it: pages that are there (or `swapped` out), of the process's own?
 * Where the kernel does not tell: are they there? For the tracing thread; */
bool page_map_takes(pid_t tid, uint64_t address, size_t length, bool swapped);
/* ... and for another one. */
bool page_map_takes_once(struct server *server, pid_t tid, uint64_t address, size_t length);
/* The thread is gone, or another program now. */
void page_map_forget(pid_t tid);

#endif
