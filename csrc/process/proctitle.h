/* proctitle.h - what ps(1) shows for the processes that stay: they are no longer `start`. */
#ifndef SPOOF_PROCTITLE_H
#define SPOOF_PROCTITLE_H

/* Notes where the argument strings lie; called once, by main(). */
void proctitle_init(int count, char **arguments);
/* Sets the name of the process (at most 15 bytes are kept) and its argument line. */
void proctitle_set(const char *name, const char *line);

#endif
