/* file_id.h - tells files apart across mount namespaces.
 * Rule: mount ids are global (proc_pid_mountinfo(5)), but 0 where the kernel tells none: before
 * Linux 5.8, and in gVisor. */
#ifndef SPOOF_FILE_ID_H
#define SPOOF_FILE_ID_H

#include <stdbool.h>
#include <stdint.h>

struct k_statx;

struct file_id {
    uint64_t mount, inode;
    uint32_t major, minor;
};

/* Of `path` below `directory` ("": the directory itself); links are followed. 0 or -errno. */
int file_id_read(int directory, const char *path, struct file_id *id);
/* What the kernel knows of an open file, of any kind. */
bool file_info(int fd, struct k_statx *info);
bool file_id_equal(const struct file_id *a, const struct file_id *b);

#endif
