/* seed - the program from which it all began: prints the type of the filesystem at a path. */
#include "subject.h"

#include <stdio.h>

int main(int argc, char **argv) {
    struct statfs fs;
    if (statfs(argc > 1 ? argv[1] : "/", &fs) != 0) {
        perror("statfs");
        return 1;
    }
    printf("Filesystem type: 0x%lx\n", (unsigned long)fs.f_type);
    return 0;
}
