/* library.h - what the files of libseccomp_spoof.so share.
 * Rule: not for callers; theirs is spoof.h. */
#ifndef SPOOF_LIBRARY_H
#define SPOOF_LIBRARY_H

#include "spoof.h"

/* Copies a text to a caller's buffer, cut if need be; returns its whole length. */
int32_t give_text(char *to, uint64_t capacity, const char *text);

#endif
