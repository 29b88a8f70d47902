/* refused.c - a profile as containers and systemd have one: runs a program without seccomp(2) and
 * ptrace(2), or without memory that can be written and executed. Ends with 77 if there is none. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IS(value, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, no)
#define SAY(action) BPF_STMT(BPF_RET | BPF_K, action)

int main(int count, char **arguments) {
    if (count < 4)
        return 2;
    const unsigned refuse = SECCOMP_RET_ERRNO | (unsigned)atoi(arguments[2]);
    struct sock_filter calls[] = {
        LOAD(nr), IS(__NR_seccomp, 1), SAY(refuse), IS(__NR_ptrace, 1), SAY(refuse),
        SAY(SECCOMP_RET_ALLOW),
    };
    struct sock_filter memory[] = {
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 1, 0),
        IS(__NR_mprotect, 4),
        LOAD(args[2]),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_WRITE | PROT_EXEC),
        IS(PROT_WRITE | PROT_EXEC, 1),
        SAY(refuse),
        SAY(SECCOMP_RET_ALLOW),
    };
    const int of_memory = strcmp(arguments[1], "memory") == 0;
    struct sock_fprog program = {
        .len = of_memory ? sizeof memory / sizeof *memory : sizeof calls / sizeof *calls,
        .filter = of_memory ? memory : calls,
    };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 77;
    execvp(arguments[3], arguments + 3);
    return 127;
}
