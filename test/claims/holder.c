/* holder PID - holds all threads of a process as a debugger does, until the end of its input. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

int main(int argc, char **argv) {
    char name[64], byte;
    unsigned held = 0;
    if (argc != 2)
        return 2;
    snprintf(name, sizeof name, "/proc/%s/task", argv[1]);
    DIR *directory = opendir(name);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        pid_t tid = (pid_t)atoi(entry->d_name);
        /* Who waits in the kernel stops when that is over. */
        held += tid > 0 && ptrace(PTRACE_SEIZE, tid, NULL, NULL) == 0 &&
                ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0;
    }
    puts(held > 0 ? "held" : "not permitted");
    fflush(stdout);
    while (read(0, &byte, 1) > 0)
        ;
    return 0;
}
