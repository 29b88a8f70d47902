/* processor.h - on which processors code of programs has been changed, over and over, by our tests.
 * Rule: another one may keep the same promises; it is not assumed. */
#ifndef SPOOF_PROCESSOR_H
#define SPOOF_PROCESSOR_H

#define PROCESSOR_TEXT_SIZE 64

/* "proved on" or "not proved on" this one: the maker and the family, as in /proc/cpuinfo. */
void processor_describe(char text[PROCESSOR_TEXT_SIZE]);

#endif
