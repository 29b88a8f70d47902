/* verbs.h - the supervisor's verbs; each takes the arguments behind its name and returns an exit
 * status, or never (it became another program). docs/architecture.md describes them. */
#ifndef SPOOF_VERBS_H
#define SPOOF_VERBS_H

/* Statuses as env(1) has them. */
#define STATUS_OUR_FAULT 125
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND 127

int verb_start(int count, char **arguments);
int verb_probe(int count, char **arguments);
int verb_survey(int count, char **arguments);

#endif
