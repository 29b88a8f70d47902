/* place.h - descriptors at fixed numbers. */
#ifndef SPOOF_PLACE_H
#define SPOOF_PLACE_H

/* Makes `to` a copy of `from`, O_CLOEXEC; they may be the same. 0 or -errno. */
int place_descriptor(int from, int to);
/* For numbers at which nothing is to be read or written: /dev/null, O_CLOEXEC; in an image from
 * scratch, where there is none, what can be neither read nor written. The descriptor, or -1. */
int open_nothing(void);

#endif
