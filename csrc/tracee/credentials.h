/* credentials.h - user, groups, capabilities and namespaces of a thread, as they decide on path
 * lookups (path_resolution(7), capabilities(7)). */
#ifndef SPOOF_CREDENTIALS_H
#define SPOOF_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CREDENTIALS_GROUPS 256
struct credentials {
    uid_t uid, euid, suid, fsuid; /* real, effective, saved, and the filesystem's */
    gid_t gid, egid, sgid, fsgid;
    uint32_t group_count;
    gid_t groups[CREDENTIALS_GROUPS];
    uint64_t effective, permitted; /* capabilities */
    pid_t tgid;                    /* thread group, in our pid namespace */
    pid_t inner_tgid, inner_tid;   /* in the tracee's own pid namespace; 0: status says nothing */
    bool same_user_namespace;      /* as ours; set by identity.c */
};

/* Of a thread, from /proc/TID/status: 0 or -errno. */
int credentials_read(int proc, pid_t tid, struct credentials *credentials);
/* Are they the same to filesystems? */
bool credentials_equal(const struct credentials *a, const struct credentials *b);
/* May the thread search every directory, whatever its mode (capabilities(7), CAP_DAC_*)? */
bool credentials_search_all(pid_t tid);
/* Of a line of such a file: in the innermost pid namespace, where it tells ids. */
pid_t credentials_last_number(const char *line);

/* Inode number of a namespace of a thread ("user", "pid", "mnt"), as in /proc/self/ns, or 0 where
 * that says nothing. `proc` is our own /proc. */
uint64_t namespace_of(int proc, pid_t tid, const char *kind);
bool namespace_is_same(int proc, pid_t a, pid_t b, const char *kind);
/* Do two threads have the same /proc/TID/uid_map, or neither any? */
bool namespace_maps_equal(int proc, pid_t a, pid_t b);

#endif
