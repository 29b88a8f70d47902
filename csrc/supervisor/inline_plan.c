/* inline_plan.c - makes the plan. Rule: as in its header. */
#include "inline_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../inline/names.h"
#include "../probe/child.h"

/* Where nothing is mapped unless somebody asks for it, below all programs that may lie anywhere,
 * and where sanitizers let a program have memory; another page for each start, so that of two trees
 * neither takes the other's agent for its own. */
#define FIRST_AGENT 0x551000000000ULL
#define AGENT_DISTANCE 0x10000ULL

static bool refuses(const void *path, int with) {
    struct itimerval timer;
    const void *volatile place = path; /* which compilers know for wrong */
    return setitimer(AT_FDCWD, (const struct itimerval *)place, &timer) == -1 && errno == with;
}

/* Does setitimer(2) read before it refuses? A filter of who has started us may refuse it, too. */
static bool reads_before_it_refuses(void) {
    static const char path[32];
    return refuses(path, EINVAL) && refuses((const void *)1, EFAULT);
}

/* What programs are to do with pages of code: a filter of who has started us may forbid it; and on
 * aarch64 the kernel may be one whose programs have less memory to map. */
static bool exchanges_pages(uint64_t address) {
    const int rights = PROT_READ | PROT_EXEC, kind = MAP_PRIVATE | MAP_ANONYMOUS;
    void *place = (void *)(uintptr_t)address;
    void *code = mmap(NULL, AGENT_PAGE, rights, kind, -1, 0);
    void *copy = mmap(NULL, AGENT_PAGE, rights, kind, -1, 0);
    if (mmap(place, AGENT_REGION, rights, kind | K_MAP_FIXED_NOREPLACE, -1, 0) != place ||
        code == MAP_FAILED || copy == MAP_FAILED)
        return false;
    madvise(code, AGENT_PAGE, K_MADV_POPULATE_READ); /* which may be unknown */
    return mremap(copy, AGENT_PAGE, AGENT_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, code) == code &&
           munmap(code, AGENT_PAGE) == 0;
}

struct trial {
    uint64_t address;
    bool opens;
};

static enum stage try_both(void *shared, int socket) {
    const struct trial *trial = shared;
    (void)socket;
    if (trial->opens && !reads_before_it_refuses())
        return STAGE_READ;
    return exchanges_pages(trial->address) ? STAGE_DONE : STAGE_WRITE;
}

/* How large the filesystem of files in memory says that it is: it has no limit, which Linux tells
 * as 0, and gVisor as a large number. False: it cannot be asked. */
static bool blocks_in_memory(uint64_t *blocks) {
    struct statfs info;
    const int fd = (int)syscall(SYS_memfd_create, "", K_MFD_CLOEXEC);
    const bool asked = fd >= 0 && fstatfs(fd, &info) == 0;
    if (fd >= 0)
        close(fd);
    *blocks = asked ? (uint64_t)info.f_blocks : 0;
    return asked;
}

/* What speaks against it before anything is tried. */
static const char *refusal(const uint8_t *policy, const struct inline_wish *wish) {
    const char *why = agent_missing(wish->below, wish->killable);
    if (why)
        return why;
    if (wish->told)
        return "the log is to tell of each call";
    return agent_refusal(policy);
}

const char *inline_plan_make(const uint8_t *policy, const struct inline_wish *wish,
                             struct inline_plan *plan) {
    uint16_t place;
    uint64_t blocks;
    const char *why = refusal(policy, wish);
    if (why)
        return why;
    if (getrandom(&place, sizeof place, GRND_NONBLOCK) != sizeof place)
        return "the kernel gives no random number";
    struct trial trial = {FIRST_AGENT + place * AGENT_DISTANCE, agent_looks_at_opens(policy)};
    const int stage = probe_one(try_both, &trial);
    if (stage == STAGE_READ)
        return "setitimer(2), by which it is found out whether a path can be read, is refused";
    if (stage != STAGE_DONE)
        return "programs may not map pages of code here";
    if (!blocks_in_memory(&blocks))
        return "no file can be made in memory, by which ours would be known";
    *plan = (struct inline_plan){
        .address = trial.address,
        .blocks = blocks,
        .after = strcmp(wish->when, "always") == 0 ? 1 : CALLS_BEFORE_AGENT,
        .reaches_all = wish->below == AGENT_BELOW_TRACE && agent_reaches_all(),
        .knows_ends = agent_knows_ends(policy),
        .shortest = names_shortest(policy),
    };
    return NULL;
}
