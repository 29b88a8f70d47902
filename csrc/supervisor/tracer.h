/* tracer.h - the guardian's other shape: where notify is missing it traces the command and its
 * descendants, and serves their stopped calls itself. */
#ifndef SPOOF_TRACER_H
#define SPOOF_TRACER_H

#include "tracer_serve.h"

/* Serves until the last tracee is gone. */
void tracer_run(const struct tracer_setup *setup);

#endif
