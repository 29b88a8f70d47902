/* environment.h - the environment that a shell was given, past that shell: it drops names that are
 * no names of variables to it, and sets others. src/build/launcher.sh is such a shell. Rule: what
 * cannot be restored stays as it is; a start never fails for it. */
#ifndef SPOOF_ENVIRONMENT_H
#define SPOOF_ENVIRONMENT_H

/* What the shell asks for in a child, and the variable in which it hands the answer on. */
#define PRINT_ENVIRONMENT "--environment-of-shell"
#define GIVEN_ENVIRONMENT "SECCOMP_SPOOF_ENVIRONMENT"

/* Writes what the parent of this process was given, a line for each string. 0, or -1. */
int environment_print(int fd);
/* Puts what was handed on in the place of this process's environment, if something was. */
void environment_restore(void);

#endif
