/* revalidate.h - sees to it that what is remembered still holds. */
#ifndef SPOOF_REVALIDATE_H
#define SPOOF_REVALIDATE_H

#include "server.h"

/* To be called by the thread that receives before the first look of a call, and by others in vain:
 * the table of mounts is current then, nothing is remembered that has changed, and `known` is who
 * makes the call, if that can be had. Once is enough. */
void revalidate(struct server *server, pid_t tid);

#endif
