/* own_proc.h - is /proc ours? What we read of a thread there is wrong otherwise. */
#ifndef SPOOF_OWN_PROC_H
#define SPOOF_OWN_PROC_H

/* NULL: yes. Else what is wrong, and what to do, in one sentence without a capital or full stop. */
const char *own_proc_fault(void);

#endif
