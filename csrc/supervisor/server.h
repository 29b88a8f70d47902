/* server.h - a thread that serves stopped calls, and what it knows of its own surroundings.
 * Rule: exactly one thread receives; before it makes a call that can sleep on a filesystem it steps
 * aside for another one, so that a filesystem daemon inside the wrapped tree is always served. */
#ifndef SPOOF_SERVER_H
#define SPOOF_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "segment.h"

/* Identifies a directory across mount namespaces: mount ids are global (proc_pid_mountinfo(5)). */
struct place {
    uint64_t mount, inode;
    uint32_t major, minor;
};

/* How a lookup proves that the tracee itself could search the path. */
enum look_proof {
    /* Look as nobody: who cannot be kept out keeps nobody out. Needs CAP_SYS_PTRACE, to use
     * /proc/TID all the same, and CAP_SETUID/CAP_SETGID, to take on the tracee's credentials. */
    PROOF_AS_NOBODY,
    /* Without openat2(2) nothing can be looked up in one step: every path is walked with the
     * tracee's credentials, and a thread stays itself between two calls. Needs the same. */
    PROOF_BY_WALKING,
    /* The worker is an ordinary user under no_new_privs: so is every tracee. */
    PROOF_SAME_USER,
    /* Privileged, but not enough for the above: compare credentials each time. */
    PROOF_COMPARE,
};

/* Credentials that decide on path lookups, path_resolution(7). */
#define CREDENTIALS_GROUPS 256
struct credentials {
    uid_t uid, fsuid; /* the real one, and the filesystem's */
    gid_t gid, fsgid;
    uint32_t group_count;
    gid_t groups[CREDENTIALS_GROUPS];
    uint64_t effective, permitted; /* capabilities */
    pid_t tgid;                    /* thread group, in our pid namespace */
    pid_t inner_tgid, inner_tid;   /* in the tracee's own pid namespace; 0: status says nothing */
    bool same_user_namespace;
};

struct mounts;       /* tracee/mounts.h */
struct acquaintance; /* tracee/acquaintances.h */
struct acquaintances;
struct remembered; /* tracee/remembered.h */
struct surroundings;

/* Whose filesystem credentials a thread has. */
enum identity { IDENTITY_SELF, IDENTITY_NOBODY, IDENTITY_OWNER, IDENTITY_TRACEE };

struct server {
    const struct surroundings *surroundings;
    struct slot *slot; /* where the request lies; NULL if the mechanism needs none */
    bool receiving;    /* this thread is the one that receives */
    enum identity identity;
    /* Of the thread that receives; NULL: it has none. */
    struct acquaintances *acquaintances;
    struct remembered *remembered;
    pid_t refreshed;          /* for this call of this thread: acquaintance_refresh(); or 0 */
    struct acquaintance *met; /* ... and its entry, or NULL */
    /* Lets another thread receive, and clears `receiving`. False if none is left. */
    bool (*step_aside)(struct server *server);
};

/* What is the same for all threads of a worker. */
struct surroundings {
    int proc;               /* O_PATH descriptor of our own /proc */
    struct place root;      /* our root directory */
    struct place proc_root; /* the root of our /proc */
    enum look_proof proof;
    bool effective_ids; /* gVisor: no filesystem ids of their own, the effective ones decide */
    bool guards_links;  /* ... and links of procfs are followed only by who may trace (ptrace(2)) */
    struct credentials own;
    uint64_t user_namespace, pid_namespace,
        mount_namespace; /* inode numbers, as in /proc/self/ns */
    struct mounts *mounts;
    bool memory_known; /* the device of files in memory, memfd_create(2): */
    uint32_t memory_major, memory_minor;
    /* Not 0: somebody in the tree may have another root or other namespaces than it began with.
     * NULL: nobody looks out for that. */
    _Atomic uint32_t *departed;
};

static inline const struct surroundings *server_surroundings(const struct server *server) {
    return server->surroundings;
}

/* Does a walk wear the tracee's credentials? */
static inline bool takes_identities(const struct surroundings *surroundings) {
    return surroundings->proof == PROOF_AS_NOBODY || surroundings->proof == PROOF_BY_WALKING;
}

/* To be called before anything that can sleep on a filesystem. False: then nothing that sleeps may
 * be called. */
static inline bool server_step_aside(struct server *server) {
    return !server->receiving || server->step_aside(server);
}

/* Becoming nobody needs nobody to exist in our user namespace: settles for the next best proof. */
int surroundings_settle(struct surroundings *surroundings);

/* ---- tracee/credentials.c ---- */

/* Fills what does not depend on a tracee. 0 or -errno. */
int surroundings_read(struct surroundings *surroundings);
/* Where `path` below `directory` is ("": the directory itself); links are followed. 0 or -errno. */
int place_of(int directory, const char *path, struct place *place);
bool place_equal(const struct place *a, const struct place *b);
/* Is `place`, the root of a thread, our root, with the same mounts below it? */
bool place_is_root(const struct surroundings *surroundings, pid_t tid, const struct place *place);
/* The same, of a thread by its id. */
bool thread_is_in_our_root(const struct surroundings *surroundings, pid_t tid);
/* Is a file that lies there surely one that was made by memfd_create(2)? */
bool place_is_in_memory(const struct surroundings *surroundings, const struct place *place);
/* Inode number of a namespace of a thread ("user", "pid"), or 0 where that says nothing. */
uint64_t namespace_of(int proc, pid_t tid, const char *kind);
bool is_in_our_user_namespace(const struct surroundings *surroundings, pid_t tid);
/* The credentials of a thread from /proc/TID/status: 0 or -errno. */
int credentials_of(int proc, pid_t tid, struct credentials *credentials);
/* Of a line of such a file: in the innermost pid namespace, where it tells ids. */
pid_t last_number(const char *line);
/* May the thread search every directory, whatever its mode (capabilities(7), CAP_DAC_*)? */
bool credentials_search_all(pid_t tid);
bool credentials_equal(const struct credentials *a, const struct credentials *b);
/* Changes the calling thread's filesystem credentials only; 0 or -errno. */
int become_nobody(struct server *server);
int become_self(struct server *server);
/* From nobody to whom our own files belong, by the user id alone: a fifth of the time. What is made
 * then has nobody's group until fchown(2). */
int become_owner(struct server *server);
int become_tracee(struct server *server, const struct credentials *credentials);
/* Back to the identity that a thread has between two calls. */
int resume_identity(struct server *server);
/* become_owner() and resume_identity() for those who cannot go on without: a thread that would
 * serve as somebody else ends its process, and the guardian replaces a worker. */
void act_as_owner(struct server *server);
void act_as_usual(struct server *server);

#endif
