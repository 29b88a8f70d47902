/* agent.c - makes the agent's page and code.
 * Rule: what the code cannot do exactly it leaves to the program's own instruction, where the call
 * is stopped as ever; so no answer depends on whether there is an agent. */
#include "agent.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../policy/blob.h"
#include "../policy/match.h"
#include "code.h"
#include "open_code.h"

/* The page: the head (mark, its own address), the switch, the table of types, the stubs. */
#define MARK "seccomp-spoof 1"
#define MARK_SIZE 16U
#define SWITCH AGENT_HEAD_SIZE
#define TYPES 64U
#define MOST_TYPES 24U
#define STUBS 512U
/* At the end of a stub: where it leaves a call to, and where it returns to. */
#define STUB_OWN (AGENT_STUB_SIZE - 16)
#define STUB_BACK (AGENT_STUB_SIZE - 8)
#define END_OF_TYPES UINT64_MAX
#define CALL_SIZE 2U /* syscall */

_Static_assert(sizeof MARK == MARK_SIZE && MARK_SIZE + sizeof(uint64_t) == AGENT_HEAD_SIZE,
               "the head");
_Static_assert(TYPES + 16 * (MOST_TYPES + 1) <= STUBS &&
                   STUBS + AGENT_STUBS * AGENT_STUB_SIZE <= AGENT_PAGE,
               "all of it fits");

/* ---- what is answered ---- */

struct pair {
    uint64_t from, to;
};

/* Types that rules change, and the answers. Their number, or more than MOST_TYPES. */
static uint32_t pairs_of(const uint8_t *policy, struct pair pairs[MOST_TYPES]) {
    const struct blob_header *header = blob_header(policy);
    const struct blob_type *types = blob_at(policy, header->types.offset);
    const struct blob_rule *rules = blob_at(policy, header->rules.offset);
    uint32_t count = 0, rule;
    for (uint32_t i = 0; i < header->types.count; i++) {
        if (match_statfs(policy, types[i].type, NULL, &rule) != MATCH_FOUND)
            continue;
        if (count < MOST_TYPES)
            pairs[count] = (struct pair){types[i].type, rules[rule].answer[SPOOF_FIELD_TYPE]};
        count++;
    }
    return count;
}

bool agent_looks_at_opens(const uint8_t *policy) {
    return (blob_header(policy)->calls & SPOOF_CALLS_OPEN) != 0;
}

const char *agent_missing(bool notify, bool killable) {
    if (!ARCH_HAS_AGENT)
        return "only x86_64 has it";
    if (!notify)
        return "only the mechanism notify has it";
    return killable ? NULL : "a signal could end the stopped call meanwhile (Linux before 5.19)";
}

const char *agent_refusal(const uint8_t *policy) {
    const struct blob_header *header = blob_header(policy);
    const struct blob_rule *rules = blob_at(policy, header->rules.offset);
    struct pair pairs[MOST_TYPES];
    if (header->files.count > 0)
        return "the policy has files rules";
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
               ? "the policy has no statfs and no mounts rules"
               : NULL;
}

const char *agent_calls(const uint8_t *policy) {
    struct pair pairs[MOST_TYPES];
    if (!agent_looks_at_opens(policy))
        return "statfs and fstatfs";
    return pairs_of(policy, pairs) == 0 ? "opens" : "statfs, fstatfs and opens";
}

void agent_make_page(const uint8_t *policy, uint64_t address, struct agent_page *page) {
    struct pair pairs[MOST_TYPES + 1];
    const uint32_t count = pairs_of(policy, pairs);
    pairs[count] = (struct pair){END_OF_TYPES, 0};
    memset(page, 0, sizeof *page);
    memcpy(page->bytes, MARK, MARK_SIZE);
    memcpy(page->bytes + MARK_SIZE, &address, sizeof address);
    memcpy(page->bytes + TYPES, pairs, (count + 1) * sizeof *pairs);
}

bool agent_is_head(const uint8_t head[AGENT_HEAD_SIZE], uint64_t address) {
    return memcmp(head, MARK, MARK_SIZE) == 0 &&
           memcmp(head + MARK_SIZE, &address, sizeof address) == 0;
}

uint64_t agent_switch(uint64_t address) {
    return address + SWITCH;
}

uint64_t agent_stub(uint64_t address, unsigned index) {
    return address + STUBS + (uint64_t)index * AGENT_STUB_SIZE;
}

/* ---- code ---- */

/* A path that the answer may overwrite, so that the call cannot be made again: where to go then. */
static uint32_t put_overlap(struct code *code) {
    PUT(code, 0x48, 0x89, 0xf9); /* mov %rdi, %rcx */
    PUT(code, 0x48, 0x29, 0xf1); /* sub %rsi, %rcx */
    PUT(code, 0x48, 0x81, 0xc1); /* add $PATH_MAX, %rcx */
    code_put_32(code, 4096);
    PUT(code, 0x48, 0x81, 0xf9); /* cmp $(PATH_MAX + size), %rcx */
    code_put_32(code, 4096 + sizeof(struct k_statfs));
    return code_put_short(code, JUMP_BELOW);
}

/* The filesystem of files in memory is a tmpfs without a limit: where to go then. */
static uint32_t put_in_memory(struct code *code) {
    PUT(code, 0x48, 0x81, 0xf9); /* cmp $K_TMPFS_MAGIC, %rcx */
    code_put_32(code, K_TMPFS_MAGIC);
    const uint32_t other = code_put_short(code, JUMP_UNEQUAL);
    PUT(code, 0x48, 0x83, 0x7e, offsetof(struct k_statfs, f_blocks), 0); /* cmpq $0, 16(%rsi) */
    const uint32_t found = code_put_short(code, JUMP_EQUAL);
    code_land(code, other);
    return found;
}

/* statfs(2) or fstatfs(2). */
static void put_asking(struct code *code, const uint8_t *policy, uint64_t address, uint64_t stub,
                       int32_t number) {
    /* A table that is opened is a file in memory, and fstatfs(2) of that is told more than a type.
     */
    const bool again = agent_looks_at_opens(policy);
    uint32_t overlap = 0, in_memory = 0;
    code_put_test(code, agent_switch(address));
    const uint32_t stopped = code_put_short(code, JUMP_UNEQUAL);
    if (again && number == NUMBER_STATFS)
        overlap = put_overlap(code);
    code_put_move(code, number);
    PUT(code, 0x0f, 0x05);       /* syscall */
    PUT(code, 0x48, 0x85, 0xc0); /* test %rax, %rax */
    const uint32_t failed = code_put_short(code, JUMP_UNEQUAL);
    PUT(code, 0x48, 0x8b, 0x0e); /* mov (%rsi), %rcx: f_type */
    if (again)
        in_memory = put_in_memory(code);
    PUT(code, 0x4c, 0x8d, 0x1d); /* lea types(%rip), %r11 */
    code_put_distance(code, address + TYPES, 0);
    const uint32_t next = code->length;
    PUT(code, 0x49, 0x3b, 0x0b); /* cmp (%r11), %rcx */
    const uint32_t found = code_put_short(code, JUMP_EQUAL);
    PUT(code, 0x49, 0x83, 0xc3, sizeof(struct pair)); /* add $16, %r11 */
    PUT(code, 0x49, 0x83, 0x3b, 0xff);                /* cmpq $END_OF_TYPES, (%r11) */
    code_put_back_to(code, JUMP_UNEQUAL, next);
    code_land(code, failed);
    const uint32_t done = code->length;
    code_put_jump_by(code, stub + STUB_BACK);
    code_land(code, found);
    PUT(code, 0x49, 0x8b, 0x4b, offsetof(struct pair, to)); /* mov 8(%r11), %rcx */
    PUT(code, 0x48, 0x89, 0x0e);                            /* mov %rcx, (%rsi) */
    code_put_back_to(code, 0xeb, done);
    code_land(code, stopped);
    if (overlap != 0)
        code_land(code, overlap);
    if (in_memory != 0)
        code_land(code, in_memory);
    code_put_move(code, number);
    code_put_jump_by(code, stub + STUB_OWN);
}

/* As the place would have done it. */
static void put_load(struct code *code, const struct agent_place *place) {
    switch (place->form) {
    case AGENT_FORM_STACK:
        PUT(code, 0x48, 0x8b, 0x44, 0x24, 0x10); /* mov 16(%rsp), %rax */
        break;
    case AGENT_FORM_DIRECTORY:
        PUT(code, 0xbf); /* mov $AT_FDCWD, %edi */
        code_put_32(code, (uint32_t)AT_FDCWD);
        break;
    default:
        code_put_move(code, place->number);
    }
}

void agent_make_stub(const uint8_t *policy, uint64_t address, uint64_t stub,
                     const struct agent_place *place, uint8_t bytes[AGENT_STUB_SIZE]) {
    struct code code = {bytes, stub, 0};
    memset(bytes, 0, AGENT_STUB_SIZE);
    if (place->form != AGENT_FORM_NUMBER)
        put_load(&code, place);
    if (place->number == NUMBER_OPENAT)
        open_put_code(&code, agent_switch(address), stub + STUB_OWN, stub + STUB_BACK,
                      place->form == AGENT_FORM_NUMBER);
    else
        put_asking(&code, policy, address, stub, place->number);
    code.length = STUB_OWN;
    code_put_64(&code, place->back - CALL_SIZE);
    code_put_64(&code, place->back);
}

/* ---- places ---- */

static bool has_immediate(uint8_t operation) {
    return operation == 0xc7 || operation == 0x81 || operation == 0x69;
}

/* Do the bytes before a load make one instruction with it: prefixes (REX), operations whose
 * operands its first byte would tell, or whose distance it would be, before a number of four bytes?
 */
static bool takes_next(const uint8_t before[AGENT_BEFORE]) {
    const uint8_t last = before[2], second = before[1], third = before[0];
    return (last & 0xf0) == 0x40 || last == 0x66 || last == 0x8b || last == 0x8d || last == 0x89 ||
           last == 0x0f || has_immediate(last) ||
           (has_immediate(second) && (last & 0xc0) == 0x40) ||
           (has_immediate(third) && (second & 0xc7) == 0x44);
}

bool agent_is_place(const struct agent_place *place, const uint8_t before[AGENT_BEFORE],
                    const uint8_t bytes[AGENT_PLACE_SIZE]) {
    uint8_t load[AGENT_JUMP_SIZE];
    if (place->form != AGENT_FORM_NUMBER && place->number != NUMBER_OPENAT)
        return false;
    struct code code = {load, 0, 0};
    put_load(&code, place);
    return !takes_next(before) && memcmp(bytes, load, sizeof load) == 0 &&
           bytes[AGENT_JUMP_SIZE] == 0x0f && bytes[AGENT_JUMP_SIZE + 1] == 0x05;
}

static bool is_near(uint64_t from, uint64_t to) {
    const int64_t distance = (int64_t)(to - from);
    return distance > INT32_MIN + 16 && distance < INT32_MAX - 16;
}

bool agent_make_jump(uint64_t from, uint64_t to, uint8_t bytes[AGENT_JUMP_SIZE]) {
    struct code code = {bytes, from, 0};
    PUT(&code, 0xe9);
    code_put_distance(&code, to, 0);
    return is_near(from, to);
}

bool agent_read_jump(uint64_t from, const uint8_t bytes[AGENT_PLACE_SIZE], uint64_t *to) {
    int32_t distance;
    memcpy(&distance, bytes + 1, sizeof distance);
    *to = from + AGENT_JUMP_SIZE + (uint64_t)(int64_t)distance;
    return bytes[0] == 0xe9 && bytes[AGENT_JUMP_SIZE] == 0x0f && bytes[AGENT_JUMP_SIZE + 1] == 0x05;
}

/* ---- rooms ---- */

#define BOOT_AT 2U
#define TAIL_AT (AGENT_WAY_AT - TAIL_SIZE)
#define TAIL_SIZE (AGENT_JUMP_SIZE + AGENT_JUMP_SIZE) /* a load, a jump */

uint8_t agent_course_byte(enum agent_course course) {
    static const uint8_t to[] = {
        [AGENT_BOOTS] = BOOT_AT, [AGENT_ANSWERS] = AGENT_WAY_AT, [AGENT_LEAVES] = TAIL_AT};
    return (uint8_t)(to[course] - BOOT_AT);
}

void agent_make_way(uint64_t stub, uint8_t bytes[AGENT_WAY_SIZE]) {
    struct code code = {bytes, 0, 0};
    PUT(&code, 0xff, 0x25, 0, 0, 0, 0); /* jmp *0(%rip) */
    code_put_64(&code, stub);
}

static void put_boot(struct code *code, uint64_t address) {
    PUT(code, 0x48, 0x8d, 0x64, 0x24, 0x80); /* lea -128(%rsp), %rsp */
    PUT(code, 0x50, 0x57, 0x56, 0x52, 0x41, 0x52, 0x41, 0x50, 0x41,
        0x51);             /* push %rax and the arguments */
    PUT(code, 0x48, 0xbf); /* mov $address, %rdi */
    code_put_64(code, address);
    PUT(code, 0xbe); /* mov $AGENT_PAGE, %esi */
    code_put_32(code, AGENT_PAGE);
    PUT(code, 0xba); /* mov $..., %edx: never writable and executable */
    code_put_32(code, PROT_READ | PROT_EXEC);
    PUT(code, 0x41, 0xba); /* mov $..., %r10d */
    code_put_32(code, MAP_PRIVATE | MAP_ANONYMOUS | K_MAP_FIXED_NOREPLACE);
    PUT(code, 0x49, 0x83, 0xc8, 0xff); /* or $-1, %r8 */
    PUT(code, 0x45, 0x31, 0xc9);       /* xor %r9d, %r9d */
    code_put_move(code, NUMBER_MMAP);
    PUT(code, 0x0f, 0x05);                                                 /* syscall */
    PUT(code, 0x41, 0x59, 0x41, 0x58, 0x41, 0x5a, 0x5a, 0x5e, 0x5f, 0x58); /* pop them */
    PUT(code, 0x48, 0x8d, 0xa4, 0x24);                                     /* lea 128(%rsp), %rsp */
    code_put_32(code, 128);
}

bool agent_make_room(uint64_t address, uint64_t room, const struct agent_place *place,
                     uint8_t bytes[AGENT_ROOM_SIZE]) {
    struct code code = {bytes, room, 0};
    memset(bytes, 0, AGENT_ROOM_SIZE);
    PUT(&code, JUMP_ALWAYS, agent_course_byte(AGENT_BOOTS));
    put_boot(&code, address);
    PUT(&code, JUMP_ALWAYS, (uint8_t)(TAIL_AT - code.length - 2));
    code.length = TAIL_AT;
    put_load(&code, place);
    PUT(&code, 0xe9); /* jmp to the program's own instruction */
    code_put_distance(&code, place->back - CALL_SIZE, 0);
    return is_near(room, place->back);
}

bool agent_boots(uint64_t address, const uint8_t bytes[AGENT_ROOM_SIZE]) {
    uint8_t boot[AGENT_ROOM_SIZE];
    struct code code = {boot, 0, 0};
    PUT(&code, JUMP_ALWAYS, agent_course_byte(AGENT_BOOTS));
    put_boot(&code, address);
    return memcmp(bytes, boot, code.length) == 0;
}
