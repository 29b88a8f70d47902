/* family.h - the guardian as the parent of the command: it serves by itself, and tells the parent
 * that stays (parent.h) what becomes of the command. */
#ifndef SPOOF_FAMILY_H
#define SPOOF_FAMILY_H

#include <stdbool.h>
#include <sys/types.h>

enum family_change { FAMILY_BEGUN, FAMILY_STOPPED, FAMILY_CONTINUED, FAMILY_ENDED };

/* A message to the parent. */
struct family_news {
    enum family_change kind;
    int status;   /* BEGUN: the command's pid; STOPPED: the signal; ENDED: as wait(2) has it */
    bool is_last; /* ENDED: nobody else is left */
};

/* Before the guardian is forked: makes the words that it shares with the parent. 0 or -errno. */
int family_open_words(void);
/* In the parent: it is about to stop, or not any more. */
void family_set_stopping(bool stopping);
/* In the parent: it takes a SIGCONT, which it may pass on, or has done so. */
void family_set_continuing(bool continuing);

/* In the guardian's process: forks the command, tells the parent of it on this socket, and leaves
 * the session. As fork(2); 0 in the process that is to become the command. */
pid_t family_fork(int parent);

/* Has something become of the command? Of `status` as wait(2) has it. */
void family_note(pid_t pid, int status);
/* For who sees stops otherwise. */
void family_note_stop(pid_t pid, int signal);
void family_note_continued(pid_t pid);

/* Whether the guardian is the parent of the command at all. */
bool family_is_ours(void);
/* A descriptor that tells of changes of children, which family_reap() takes note of. */
int family_open(void);
void family_reap(void);
/* Waits for the last child. */
void family_wait(void);

#endif
