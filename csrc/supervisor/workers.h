/* workers.h - the guardian's side of its workers. */
#ifndef SPOOF_WORKERS_H
#define SPOOF_WORKERS_H

#include "worker.h"

/* Has stopped calls served by workers, one after another, until the last filtered task is gone.
 * Returns then; ends the process if not even the first worker can be had. */
void workers_run(const struct worker_setup *setup);

#endif
