/* fields - every field that stays the same, spare words and all. Sizes only of filesystems that are
 * our own or the kernel's: on others (XFS, ZFS, btrfs) what the rest of the machine writes changes
 * even the number of blocks or inodes. */
#include "subject.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void all(const char *label, bool sizes, const struct answer *answer) {
    const struct statfs *fs = &answer->fs;
    if (answer->ret != 0 || !answer->intact) {
        say(label, answer);
        return;
    }
    int fsid[2];
    memcpy(fsid, &fs->f_fsid, sizeof fsid);
    unsigned long spare = 0;
    for (size_t i = 0; i < sizeof fs->f_spare / sizeof *fs->f_spare; i++)
        spare |= (unsigned long)fs->f_spare[i];
    print("%s type=0x%lx bsize=%ld blocks=%lu files=%lu fsid=%x:%x namelen=%ld frsize=%ld "
          "flags=0x%lx spare=%lx",
          label, (unsigned long)fs->f_type, (long)fs->f_bsize,
          sizes ? (unsigned long)fs->f_blocks : 0, sizes ? (unsigned long)fs->f_files : 0,
          (unsigned)fsid[0], (unsigned)fsid[1], (long)fs->f_namelen, (long)fs->f_frsize,
          (unsigned long)fs->f_flags, spare);
}

int main(void) {
    static const struct {
        const char *path;
        bool sizes;
    } places[] = {{".", true},    {"/", false},       {"/proc", true}, {"/sys", true},
                  {"/dev", true}, {"/dev/shm", true}, {"/tmp", false}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct answer answer = ask_path(places[i].path);
        all(places[i].path, places[i].sizes, &answer);
        int fd = open(places[i].path, O_PATH | O_CLOEXEC);
        if (fd >= 0) {
            answer = ask_fd(fd);
            all("  its descriptor", places[i].sizes, &answer);
            close(fd);
        }
    }
    return 0;
}
