/* tracer.h - the guardian's other shape: where notify is missing it traces the command and its
 * descendants, and serves their stopped calls itself. */
#ifndef SPOOF_TRACER_H
#define SPOOF_TRACER_H

#include "tracer_serve.h"

/* Makes ready what may fail, before anything is traced. `setup` has to stay. */
bool tracer_prepare(const struct tracer_setup *setup);
/* Serves until the last tracee is gone. */
void tracer_run(void);

#endif
