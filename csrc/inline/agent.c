/* agent.c - makes the agent's page.
 * Rule: what the code cannot do exactly it leaves to the program's own instruction, where the call
 * is stopped as ever; so no answer depends on whether there is an agent. */
#include "agent.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../policy/blob.h"
#include "../policy/match.h"
#include "attended.h"
#include "shape.h"

/* The page: the head (mark, its own address), the switches, how large the filesystem of files in
 * memory is, the table of types, the ends of names behind it, code that looks at them, the set of
 * names, the stubs. */
#define MARK "seccomp-spoof 1"
#define MARK_SIZE 16U
#define SWITCH AGENT_HEAD_SIZE
#define THREADS (SWITCH + 1)
#define HOLDER (SWITCH + 4)
#define BLOCKS (SWITCH + 8)
#define TYPES 64U
#define MOST_TYPES 24U
#define NAMES 640U
#define LOOK (NAMES - STUB_LOOK_SIZE)
#define MOST_ENDS ((LOOK - TYPES) / sizeof(uint64_t))
#define STUBS AGENT_HEAD_PART

_Static_assert(sizeof MARK == MARK_SIZE && MARK_SIZE + sizeof(uint64_t) == AGENT_HEAD_SIZE,
               "the head");
_Static_assert(TYPES + 16 * (MOST_TYPES + 1) <= LOOK && NAMES + NAMES_SIZE <= STUBS &&
                   STUBS + AGENT_STUBS * AGENT_STUB_SIZE <= AGENT_SIZE,
               "all of it fits");

/* ---- what is answered ---- */

/* Types that rules change, and the answers. Their number, or more than MOST_TYPES. */
static uint32_t pairs_of(const uint8_t *policy, struct agent_pair pairs[MOST_TYPES]) {
    const struct blob_header *header = blob_header(policy);
    const struct blob_type *types = blob_at(policy, header->types.offset);
    const struct blob_rule *rules = blob_at(policy, header->rules.offset);
    uint32_t count = 0, rule;
    for (uint32_t i = 0; i < header->types.count; i++) {
        if (match_statfs(policy, types[i].type, NULL, &rule) != MATCH_FOUND)
            continue;
        if (count < MOST_TYPES)
            pairs[count] = (struct agent_pair){types[i].type, rules[rule].answer[SPOOF_FIELD_TYPE]};
        count++;
    }
    return count;
}

bool agent_looks_at_opens(const uint8_t *policy) {
    return (blob_header(policy)->calls & SPOOF_CALLS_OPEN) != 0;
}

bool agent_looks_at_paths(const uint8_t *policy) {
    return (blob_header(policy)->calls & SPOOF_CALLS_PATHS) != 0;
}

static bool our_capabilities(struct __user_cap_data_struct data[2]) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    return syscall(SYS_capget, &header, data) == 0;
}

bool agent_reaches_all(void) {
    struct __user_cap_data_struct data[2];
    return our_capabilities(data) && data[0].effective & 1U << CAP_SYS_PTRACE;
}

/* May programs become somebody whom we could not reach any more, to say that they are to leave all
 * calls alone (credentials(7): who changes its user is not "dumpable")? */
static bool may_lose_programs(void) {
    const uint32_t others = 1U << CAP_SETUID | 1U << CAP_SETGID, reach = 1U << CAP_SYS_PTRACE;
    struct __user_cap_data_struct data[2];
    return !our_capabilities(data) ||
           (!(data[0].permitted & reach) && (geteuid() == 0 || data[0].permitted & others));
}

const char *agent_missing(enum agent_below below, bool killable) {
    if (sysconf(_SC_PAGESIZE) != AGENT_PAGE)
        return "pages of memory are not of 4 KB here";
    if (below == AGENT_BELOW_OTHER)
        return "only the mechanisms notify and trace have it";
    if (below == AGENT_BELOW_NOTIFY && !killable)
        return "a signal could end the stopped call meanwhile (Linux before 5.19)";
    if (may_lose_programs())
        return "a program that becomes another user could not be reached any more (root without "
               "CAP_SYS_PTRACE)";
    return NULL;
}

const char *agent_refusal(const uint8_t *policy) {
    const struct blob_header *header = blob_header(policy);
    const struct blob_rule *rules = blob_at(policy, header->rules.offset);
    struct agent_pair pairs[MOST_TYPES];
    const char *names = names_refusal(policy);
    if (names)
        return names;
    if (header->any_type.count > 0)
        return "a statfs rule names no type";
    if (match_statfs_names_paths(policy))
        return "a statfs rule names paths";
    for (uint32_t i = 0; i < header->rules.count; i++)
        if (rules[i].answer_mask != 1U << SPOOF_FIELD_TYPE)
            return "a statfs rule answers more than the type";
    const uint32_t count = pairs_of(policy, pairs);
    if (count > MOST_TYPES)
        return "statfs rules name too many types";
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < count; j++)
            if (pairs[i].to == pairs[j].from && pairs[i].from != pairs[i].to)
                return "a statfs rule answers a type that another one names";
    return count == 0 && !agent_looks_at_opens(policy)
               ? "the policy has no statfs, no mounts and no files rules"
               : NULL;
}

const char *agent_calls(const uint8_t *policy) {
    struct agent_pair pairs[MOST_TYPES];
    if (agent_looks_at_paths(policy))
        return "statfs, fstatfs, opens, stat, access and readlink";
    if (!agent_looks_at_opens(policy))
        return "statfs and fstatfs";
    return pairs_of(policy, pairs) == 0 ? "opens" : "statfs, fstatfs and opens";
}

/* Behind the types. The code looks for the end of these only behind a pair, so there is one at
 * least, of no type. */
static uint32_t ends_at(const uint8_t *policy) {
    struct agent_pair pairs[MOST_TYPES];
    const uint32_t count = pairs_of(policy, pairs);
    return TYPES + ((count == 0 ? 1 : count) + 1) * (uint32_t)sizeof *pairs;
}

/* False: there is no room for them. */
static bool make_ends(const uint8_t *policy, uint64_t ends[MOST_ENDS]) {
    const uint32_t at = ends_at(policy);
    return STUB_LOOK_SIZE > 0 && at <= LOOK &&
           names_list_ends(policy, ends, (LOOK - at) / sizeof *ends);
}

bool agent_knows_ends(const uint8_t *policy) {
    uint64_t ends[MOST_ENDS];
    return make_ends(policy, ends);
}

static void put_ends(const uint8_t *policy, struct agent_head *head) {
    uint64_t ends[MOST_ENDS] = {0};
    const uint32_t at = ends_at(policy);
    if (make_ends(policy, ends))
        memcpy(head->bytes + at, ends, LOOK - at);
}

void agent_make_head(const uint8_t *policy, const struct inline_plan *plan,
                     struct agent_head *head) {
    struct agent_pair pairs[MOST_TYPES + 1];
    for (uint32_t i = pairs_of(policy, pairs); i <= MOST_TYPES; i++)
        pairs[i] = (struct agent_pair){AGENT_END_OF_TYPES, 0};
    memset(head, 0, sizeof *head);
    memcpy(head->bytes, MARK, MARK_SIZE);
    memcpy(head->bytes + MARK_SIZE, &plan->address, sizeof plan->address);
    memcpy(head->bytes + BLOCKS, &plan->blocks, sizeof plan->blocks);
    memcpy(head->bytes + TYPES, pairs, sizeof pairs);
    names_fill(policy, head->bytes + NAMES);
    put_ends(policy, head);
}

bool agent_is_head(const uint8_t head[AGENT_HEAD_SIZE], uint64_t address) {
    return memcmp(head, MARK, MARK_SIZE) == 0 &&
           memcmp(head + MARK_SIZE, &address, sizeof address) == 0;
}

uint64_t agent_switch(uint64_t address) {
    return address + SWITCH;
}

uint64_t agent_threads(uint64_t address) {
    return address + THREADS;
}

uint64_t agent_holder(uint64_t address) {
    return address + HOLDER;
}

uint64_t agent_copy(uint64_t address) {
    return address + AGENT_SIZE;
}

uint64_t agent_detour(uint64_t address) {
    return agent_copy(address) + AGENT_PAGE;
}

uint64_t agent_stub(uint64_t address, unsigned index) {
    return address + STUBS + (uint64_t)index * AGENT_STUB_SIZE;
}

struct agent_places agent_places(const uint8_t *policy, const struct inline_plan *plan,
                                 int32_t number) {
    const uint64_t address = plan->address;
    const bool opens = number == NUMBER_OPENAT || number == NUMBER_OPENAT2,
               paths = agent_looks_at_paths(policy);
    return (struct agent_places){
        .off = agent_switch(address),
        .types = address + TYPES,
        /* What is opened for a rule may be a file in memory. */
        .blocks = agent_looks_at_opens(policy) ? address + BLOCKS : 0,
        .names = {opens || paths ? address + NAMES : 0, plan->knows_ends ? address + LOOK : 0,
                  address + ends_at(policy), plan->shortest},
        .reads_only = !paths,
    };
}

uint32_t agent_count_for_go(const uint8_t *policy) {
    return agent_looks_at_paths(policy) ? ATTENDED_BY_GO : ATTENDED_WITHOUT_PATHS;
}
