/* bundle.h - what a bundle does instead of the supervisor's verbs. */
#ifndef SPOOF_BUNDLE_H
#define SPOOF_BUNDLE_H

/* All of main(), where held_any(). An exit status, or never: it becomes the command. */
int bundle_main(int count, char **arguments);

#endif
