/* context.h - what is the same for all threads of ours that serve: our own place among the tracees.
 */
#ifndef SPOOF_CONTEXT_H
#define SPOOF_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "credentials.h"
#include "file_id.h"
#include "mounts.h"

struct restricted; /* restricted.h */

/* How a lookup proves that the tracee itself could search the path; rights.c chooses. */
enum lookup_proof {
    /* Look without any rights: who cannot be kept out keeps nobody out. Needs CAP_SYS_PTRACE, to
     * use /proc/TID all the same, and CAP_SETUID/CAP_SETGID, to take on the tracee's credentials.
     */
    PROOF_UNPRIVILEGED,
    /* Without openat2(2) nothing can be looked up in one step: every path is walked with the
     * tracee's credentials, and a thread stays itself between two calls. Needs the same. */
    PROOF_BY_WALKING,
    /* The worker is an ordinary user, and so is every tracee: execve(2) gives it no rights, under
     * the no_new_privs that its filter needs or a tracer without rights. */
    PROOF_SAME_USER,
    /* Privileged, but not enough for the above: compare credentials each time. */
    PROOF_COMPARE,
};

struct context {
    int proc;                 /* O_PATH descriptor of our own /proc */
    struct file_id root;      /* our root directory */
    struct file_id proc_root; /* the root of our /proc */
    enum lookup_proof proof;
    bool effective_ids; /* gVisor: no filesystem ids of their own, the effective ones decide */
    bool guards_links;  /* ... and links of procfs are followed only by who may trace (ptrace(2)) */
    struct credentials own;
    uint64_t user_namespace, pid_namespace, cgroup_namespace, mount_namespace;
    char label[512]; /* ours, of a security module; empty: there is none */
    struct mounts *mounts;
    bool memory_known; /* the device of files in memory, memfd_create(2): */
    uint32_t memory_major, memory_minor;
    /* Not 0: somebody in the tree may have another root or other namespaces than it began with.
     * NULL: nobody looks out for that. */
    _Atomic uint32_t *root_changed;
    struct restricted *restricted; /* NULL: nobody looks out for that either */
};

/* Fills what does not depend on rights. 0 or -errno. */
int context_read(struct context *context);
/* Is a file of this id surely one that was made by memfd_create(2)? */
bool context_has_in_memory(const struct context *context, const struct file_id *id);

#endif
