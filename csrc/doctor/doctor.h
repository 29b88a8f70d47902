/* doctor.h - the supervisor's verbs that tell what this machine can do and what it says. Each takes
 * the arguments behind its name and returns an exit status; docs/architecture.md describes them. */
#ifndef SPOOF_DOCTOR_H
#define SPOOF_DOCTOR_H

int verb_probe(int count, char **arguments);
int verb_surfaces(int count, char **arguments);
int verb_overlay(int count, char **arguments);

#endif
