/* opener DIRECTORY PLACE - asks for what the kernel opens by who opens, and not by whose rights: a
 * device that a cgroup of its own forbids it, files that show an IPC and a network namespace of its
 * own. PLACE, below DIRECTORY: where a device and links to these files are found. A line each: what
 * was forbidden, or of which namespace it was; `none` where such a thing cannot be made here. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *directory, *place;

static const char *path_of(const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s/%s", directory, place, name);
    return path;
}

/* A program that says no to every device, bpf(2); -1: that cannot be loaded. */
static int load_refusal(void) {
    static const struct bpf_insn code[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
        {.code = BPF_JMP | BPF_EXIT},
    };
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = (uintptr_t)code;
    attributes.insn_cnt = sizeof code / sizeof *code;
    attributes.license = (uintptr_t) "GPL";
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
}

/* Of the cgroup that this process has entered. */
static int refuse_devices(const char *cgroup) {
    union bpf_attr attributes;
    int program = load_refusal(), target = open(cgroup, O_RDONLY | O_DIRECTORY);
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)target;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    return program >= 0 && target >= 0 &&
           syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes) == 0;
}

static int enter(const char *cgroup) {
    char path[4096];
    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
    int fd = open(path, O_WRONLY);
    return fd >= 0 && write(fd, "0", 1) == 1;
}

/* Where cgroup2 is mounted; false: nowhere. */
static int find_cgroups(char *found) {
    char line[4096], kind[64];
    FILE *mounts = fopen("/proc/self/mounts", "re");
    while (mounts && fgets(line, sizeof line, mounts))
        if (sscanf(line, "%*s %4000s %63s", found, kind) == 2 && strcmp(kind, "cgroup2") == 0)
            return 1;
    return 0;
}

static void try_device(void) {
    char cgroup[4096];
    if (!find_cgroups(cgroup) || !mkdtemp(strcat(cgroup, "/attack-XXXXXX"))) {
        puts("device: none");
        return;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (!enter(cgroup) || !refuse_devices(cgroup)) {
            puts("device: none");
        } else {
            const int flags[] = {O_RDONLY, O_RDWR};
            for (size_t i = 0; i < 2; i++)
                printf("device %s: %s\n", i == 0 ? "reading" : "writing",
                       open(path_of("device"), flags[i]) < 0 ? "refused" : "opened");
        }
        exit(fflush(stdout) != 0);
    }
    waitpid(child, NULL, 0);
    rmdir(cgroup);
}

static void say_number(const char *what, const char *name, const char *own) {
    char text[4096];
    int fd = open(path_of(name), O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    printf("%s: %s\n", what, length <= 0 ? "refused" : strstr(text, own) ? "own" : "of another");
}

/* Of our own namespaces, by a name that no rule has. */
static int set(const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/settings/%s", directory, name);
    int fd = open(path, O_WRONLY);
    return fd >= 0 && write(fd, "77", 2) == 2;
}

static void try_namespaces(void) {
    char number[32], settings[4096];
    snprintf(number, sizeof number, "%d", 0x5eccadd);
    snprintf(settings, sizeof settings, "%s/settings", directory);
    mkdir(settings, 0755);
    if (unshare(CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("/proc/sys", settings, NULL, MS_BIND, NULL) != 0 ||
        shmget(0x5eccadd, 4096, IPC_CREAT) < 0 || !set("net/ipv4/ip_default_ttl") ||
        !set("kernel/shmmni")) {
        puts("namespaces: none");
        return;
    }
    say_number("ipc", "shm", number);
    say_number("net", "ttl", "77");
    say_number("ipc setting", "shmmni", "77");
}

/* Keyrings are shown to who opens the file: in a user namespace of its own none of ours. */
static void try_keys(void) {
    char text[4096];
    if (unshare(CLONE_NEWUSER) != 0) {
        puts("keys: none");
        return;
    }
    int fd = open(path_of("keys"), O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text);
    printf("keys: %s\n", length < 0 ? "refused" : length == 0 ? "none shown" : "shown");
}

int main(int count, char **arguments) {
    if (count < 3)
        return 2;
    directory = arguments[1];
    place = arguments[2];
    try_device();
    try_namespaces();
    try_keys();
    return fflush(stdout) != 0;
}
