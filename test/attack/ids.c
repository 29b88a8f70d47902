/* ids start PROGRAM - becomes a user and then PROGRAM, which may give it another user, group or
 * capabilities. ids grant FILE - gives it such a capability. ids stages - makes every call on the
 * paths of standard input, lines of NAME, a tab and PATH, and once more after each change of ids.
 */
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attack.h"

#define USER 12345

static char names[64][64], paths[64][4096];
static size_t count;

static void read_paths(void) {
    char line[8192];
    while (count < 64 && fgets(line, sizeof line, stdin))
        count += sscanf(line, "%63[^\t]\t%4095[^\n]", names[count], paths[count]) == 2;
}

static void try_stage(const char *stage) {
    char name[128];
    prctl(PR_SET_DUMPABLE, 1);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s:%s", stage, names[i]);
        try_all(name, paths[i]);
    }
    fflush(stdout);
}

/* A change that is refused is none: so it is natively, too. */
static void try_ids(uid_t real, uid_t effective, gid_t real_group, gid_t group, const char *stage) {
    const long refused =
        syscall(SYS_setresgid, real_group, group, -1) | syscall(SYS_setresuid, real, effective, -1);
    printf("%s ids: %s\n", stage, refused ? "refused" : "changed");
    try_stage(stage);
}

static void set_effective(uint64_t wanted) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0)
        return;
    data[0].effective = (uint32_t)wanted & data[0].permitted;
    data[1].effective = (uint32_t)(wanted >> 32) & data[1].permitted;
    syscall(SYS_capset, &header, data);
}

static int try_stages(void) {
    uid_t real, effective, saved;
    gid_t real_group, group, saved_group;
    if (getresuid(&real, &effective, &saved) != 0 ||
        getresgid(&real_group, &group, &saved_group) != 0)
        return 2;
    umask(0);
    read_paths();
    try_stage("started");
    set_effective(0);
    try_stage("without-capabilities");
    set_effective(UINT64_MAX);
    try_stage("with-capabilities");
    const uid_t other = real != effective ? real : USER;
    const gid_t other_group = real_group != group ? real_group : USER;
    syscall(SYS_setfsgid, other_group);
    syscall(SYS_setfsuid, other);
    try_stage("for-files");
    try_ids(real, other, real_group, other_group, "dropped");
    try_ids(real, effective, real_group, group, "regained");
    try_ids(effective, other, group, other_group, "swapped");
    try_ids(other, effective, other_group, group, "real-dropped");
    syscall(SYS_setresuid, other, other, other);
    try_stage("for-good");
    return 0;
}

static int start(const char *program) {
    if (setgroups(0, NULL) != 0 || setresgid(USER, USER, USER) != 0 ||
        setresuid(USER, USER, USER) != 0)
        return 3;
    execl(program, program, "stages", NULL);
    return 3;
}

static int grant(const char *file) {
    const struct vfs_cap_data data = {
        .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
        .data[0].permitted = 1U << CAP_DAC_READ_SEARCH,
    };
    return setxattr(file, "security.capability", &data, XATTR_CAPS_SZ_2, 0) != 0;
}

int main(int words, char **arguments) {
    if (words > 2 && strcmp(arguments[1], "start") == 0)
        return start(arguments[2]);
    if (words > 2 && strcmp(arguments[1], "grant") == 0)
        return grant(arguments[2]);
    return try_stages();
}
