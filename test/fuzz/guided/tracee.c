/* tracee.c - what a program has in its memory, and what /proc says of it: filters, paths,
 * structures, times, credentials, mounts.
 * Input: which of them, and what is there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../csrc/arch/arch.h"
#include "../../../csrc/calls/layout.h"
#include "../../../csrc/mechanism/filter_run.h"
#include "../../../csrc/mechanism/own_calls.h"
#include "../../../csrc/supervisor/wait_time.h"
#include "../../../csrc/tracee/credentials.h"
#include "../../../csrc/tracee/mounts.h"
#include "input.h"

/* ---- a program whose memory is the input, between two holes ---- */

#define BEGIN 0x10000U

static const uint8_t *memory;
static size_t memory_size;

static ssize_t read_memory(struct stopped_call *call, uint64_t address, void *to, size_t length) {
    (void)call;
    if (address < BEGIN || address - BEGIN >= memory_size)
        return -EFAULT;
    size_t there = memory_size - (size_t)(address - BEGIN), given = there < length ? there : length;
    memcpy(to, memory + (address - BEGIN), given);
    return (ssize_t)given;
}

static struct stopped_call call_of(struct input *input) {
    static const struct mechanism mechanism = {.name = "fuzzed", .read = read_memory};
    struct stopped_call call = {.tid = 1, .mechanism = &mechanism, .arch = ARCH_AUDIT};
#ifdef ARCH_COMPAT_AUDIT
    if (choose(input, 2))
        call.arch = ARCH_COMPAT_AUDIT;
#endif
    call.number = (int32_t)take(input, 2);
    for (int i = 0; i < 6; i++)
        call.arguments[i] = take(input, 1) & 1 ? take(input, 8) : BEGIN + choose(input, 64);
    memory = input->at;
    memory_size = input->left;
    return call;
}

/* A filter as the program gives it to seccomp(2), and the steps alone. */
static void run_filter(struct input *input) {
    struct k_seccomp_data data = {.nr = (int32_t)take(input, 2), .arch = ARCH_AUDIT};
    data.args[0] = take(input, 8);
    size_t length;
    const char *bytes = take_rest(input, &length);
    filter_run((const struct sock_filter *)(const void *)bytes, length / sizeof(struct sock_filter),
               &data);
}

static void note_filter(struct input *input) {
    struct stopped_call call = call_of(input);
    const struct known_call *known = known_call(call.arch, call.number);
    own_calls_touch(&call);
    if (known && (known->task == TASK_SECCOMP || known->task == TASK_PRCTL))
        own_calls_note_filter(&call, known);
}

static void wait_some(struct input *input) {
    struct stopped_call call = call_of(input);
    const struct wait_call *known = wait_call(call.arch, call.number);
    int32_t timed_out;
    /* Sockets would be asked of a program that there is not. */
    if (known && known->time != WAIT_RECEIVES && known->time != WAIT_SENDS &&
        known->time != WAIT_SOCKETCALL)
        wait_time(&call, known, 1, &timed_out);
}

/* ---- paths ---- */

/* Without `.` and empty names; a slash at the end stays. */
static void check_tidy(const char *path, const char *tidy) {
    size_t length = 0, kept = 0;
    for (const char *name = path; *name;) {
        size_t count = strcspn(name, "/"), slashes = strspn(name + count, "/");
        if (count != 1 || *name != '.') {
            MUST(strncmp(tidy + kept, name, count) == 0, "%s of %s", tidy, path);
            kept += count + (slashes > 0);
        }
        name += count + slashes;
    }
    MUST(tidy[kept] == '\0', "%s of %s", tidy, path);
    for (const char *name = tidy; (name = path_next_name(name, &length));)
        MUST(length > 0 && (length != 1 || *name != '.'), "%s", tidy);
}

static void read_path(struct input *input) {
    struct stopped_call call = call_of(input);
    char *path = room(TRACEE_PATH_MAX);
    ssize_t length = tracee_read_path(&call, call.arguments[0], path);
    MUST(length < TRACEE_PATH_MAX, "%zd", length);
    if (length < 0)
        return;
    MUST(strlen(path) == (size_t)length, "a NUL ends it");
    char *copy = room((size_t)length + 1), *tidy = room((size_t)length + 1),
         *root = room((size_t)length + 1);
    memcpy(copy, path, (size_t)length + 1);
    memcpy(tidy, path, (size_t)length + 1);
    path_hash(copy);
    path_goes_up(copy);
    path_tidy(tidy);
    check_tidy(path, tidy);
    size_t cut = call.arguments[1] % ((size_t)length + 1);
    memcpy(root, path, cut);
    root[cut] = '\0';
    ssize_t below = path_below_root(copy, (size_t)length, root);
    MUST(below >= 0 && below <= length && strlen(copy) == (size_t)below, "%s below %s", copy, root);
}

/* ---- structures ---- */

static void convert_statfs(struct input *input) {
    enum call_layout layout = (enum call_layout)choose(input, LAYOUT_COMPAT64 + 1);
    union statfs_image image = {0}, again = {0};
    struct k_statfs info;
    size_t size = layout_size(layout);
    MUST(size <= sizeof image, "%zu bytes", size);
    memcpy(&image, input->at, input->left < size ? input->left : size);
    layout_read(layout, &image, &info);
    MUST(layout_fill(layout, &info, &again) == 0, "what was read fits");
}

static void convert_others(struct input *input) {
    enum call_layout layout = (enum call_layout)choose(input, LAYOUT_COMPAT64 + 1);
    union sysinfo_image image = {0}, again;
    union stat_image stat_image;
    struct k_sysinfo info;
    struct stat stat = {0};
    memcpy(&image, input->at, input->left < sizeof image ? input->left : sizeof image);
    memcpy(&stat, input->at, input->left < sizeof stat ? input->left : sizeof stat);
    sysinfo_read(layout, &image, &info);
    info.totalram = take(input, 8); /* as a rule has it */
    sysinfo_fill(layout, &info, &again);
    MUST(stat_layout_fill(layout, &stat, &stat_image) <= sizeof stat_image, "inside");
}

/* ---- /proc ---- */

static char directory[64];

static void remove_directory(void) {
    char command[128];
    snprintf(command, sizeof command, "%s/1/status", directory);
    unlink(command);
    snprintf(command, sizeof command, "%s/1/mountinfo", directory);
    unlink(command);
    snprintf(command, sizeof command, "%s/1", directory);
    rmdir(command);
    rmdir(directory);
}

/* A procfs with a process 1 that has this file alone. */
static int procfs(const char *name, const struct input *input) {
    static int proc = -1;
    char path[16];
    if (proc < 0) {
        snprintf(directory, sizeof directory, "/dev/shm/guided-XXXXXX");
        proc = mkdtemp(directory) ? open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
        MUST(proc >= 0 && mkdirat(proc, "1", 0700) == 0, "a directory");
        atexit(remove_directory);
    }
    snprintf(path, sizeof path, "1/%s", name);
    int fd = openat(proc, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(write(fd, input->at, input->left) == (ssize_t)input->left, "a file");
    close(fd);
    return proc;
}

/* A program may be called anything, but is who the kernel says. */
static void read_named(struct input *input) {
    static const char genuine[] =
        "\nState:\tR (running)\nTgid:\t7\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 \n"
        "CapPrm:\t0000000000000003\nCapEff:\t0000000000000001\n";
    struct credentials credentials;
    size_t length = strnlen((const char *)input->at, input->left < 64 ? input->left : 64);
    char *status = room(6 + length + sizeof genuine);
    memcpy(status, "Name:\t", 6);
    memcpy(status + 6, input->at, length);
    memcpy(status + 6 + length, genuine, sizeof genuine);
    const struct input told = {(const uint8_t *)status, 6 + length + sizeof genuine - 1};
    if (credentials_read(procfs("status", &told), 1, &credentials) != 0)
        return;
    MUST(credentials.fsuid == 4 && credentials.euid == 2 && credentials.fsgid == 8 &&
             credentials.tgid == 7 && credentials.group_count == 1 && credentials.effective == 1 &&
             credentials.permitted == 3 && credentials.inner_tid == 0,
         "user %u", credentials.fsuid);
}

static void read_status(struct input *input) {
    struct credentials credentials;
    if (credentials_read(procfs("status", input), 1, &credentials) != 0)
        return;
    MUST(credentials.group_count <= CREDENTIALS_GROUPS, "%u groups", credentials.group_count);
    MUST(credentials_equal(&credentials, &credentials), "equal");
}

static void read_mounts(struct input *input) {
    uint64_t id = take(input, 2);
    const char *path = take_text(input, 64);
    struct mounts *mounts = mounts_of(procfs("mountinfo", input), 1);
    MUST(mounts, "a table");
    mounts_never_sleeps(mounts, id);
    mounts_never_sleeps(mounts, UINT64_MAX - id);
    mounts_looks_sleep(mounts);
    mounts_path_never_sleeps(mounts, path);
    mounts_path_tells_changes(mounts, path);
    MUST(!mounts_is_trigger(mounts, path) || mounts_have_triggers(mounts), "%s", path);
    mounts_read(mounts);
    mounts_close(mounts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const targets[])(struct input *) = {
        run_filter,     note_filter, wait_some,   read_path,  convert_statfs,
        convert_others, read_status, read_mounts, read_named,
    };
    struct input input = {data, size};
    targets[choose(&input, sizeof targets / sizeof *targets)](&input);
    end_input();
    return 0;
}
