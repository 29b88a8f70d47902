/* environ.h - an environment as words that survive a shell's word splitting. */
#ifndef SPOOF_ENVIRON_H
#define SPOOF_ENVIRON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words, separated by single blanks, for the NUL-separated bytes of /proc/PID/environ. The caller
 * frees them; NULL if memory is short. */
char *environ_encode(const char *bytes, size_t length);
/* The variables (NULL-terminated list) that such words hold; NULL if they are damaged. */
char **environ_decode(char **words, int count);

#endif
