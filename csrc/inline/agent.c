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
#include "call_code.h"
#include "code.h"
#include "names.h"

/* The page: the head (mark, its own address), the switches, how large the filesystem of files in
 * memory is, the table of types, the set of names, the stubs. */
#define MARK "seccomp-spoof 1"
#define MARK_SIZE 16U
#define SWITCH AGENT_HEAD_SIZE
#define THREADS (SWITCH + 1)
#define HOLDER (SWITCH + 4)
#define BLOCKS (SWITCH + 8)
#define TYPES 64U
#define MOST_TYPES 24U
#define NAMES 512U
#define STUBS AGENT_HEAD_PART
/* At the end of a stub: where it leaves a call to, and where it returns to. */
#define STUB_OWN (AGENT_STUB_SIZE - 16)
#define STUB_BACK (AGENT_STUB_SIZE - 8)
#define CALL_SIZE 2U /* syscall */

_Static_assert(sizeof MARK == MARK_SIZE && MARK_SIZE + sizeof(uint64_t) == AGENT_HEAD_SIZE,
               "the head");
_Static_assert(TYPES + 16 * (MOST_TYPES + 1) <= NAMES && NAMES + NAMES_SIZE <= STUBS &&
                   STUBS + AGENT_STUBS * AGENT_STUB_SIZE <= AGENT_SIZE,
               "all of it fits");

/* ---- what is answered ---- */

/* Types that rules change, and the answers. Their number, or more than MOST_TYPES. */
static uint32_t pairs_of(const uint8_t *policy, struct call_pair pairs[MOST_TYPES]) {
    const struct blob_header *header = blob_header(policy);
    const struct blob_type *types = blob_at(policy, header->types.offset);
    const struct blob_rule *rules = blob_at(policy, header->rules.offset);
    uint32_t count = 0, rule;
    for (uint32_t i = 0; i < header->types.count; i++) {
        if (match_statfs(policy, types[i].type, NULL, &rule) != MATCH_FOUND)
            continue;
        if (count < MOST_TYPES)
            pairs[count] = (struct call_pair){types[i].type, rules[rule].answer[SPOOF_FIELD_TYPE]};
        count++;
    }
    return count;
}

bool agent_looks_at_opens(const uint8_t *policy) {
    return (blob_header(policy)->calls & SPOOF_CALLS_OPEN) != 0;
}

static bool looks_at_paths(const uint8_t *policy) {
    return (blob_header(policy)->calls & SPOOF_CALLS_PATHS) != 0;
}

const char *agent_missing(enum agent_below below, bool killable) {
    if (!ARCH_HAS_AGENT)
        return "only x86_64 has it";
    if (below == AGENT_BELOW_OTHER)
        return "only the mechanisms notify and trace have it";
    if (below == AGENT_BELOW_NOTIFY && !killable)
        return "a signal could end the stopped call meanwhile (Linux before 5.19)";
    return NULL;
}

const char *agent_refusal(const uint8_t *policy) {
    const struct blob_header *header = blob_header(policy);
    const struct blob_rule *rules = blob_at(policy, header->rules.offset);
    struct call_pair pairs[MOST_TYPES];
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
    struct call_pair pairs[MOST_TYPES];
    if (looks_at_paths(policy))
        return "statfs, fstatfs, opens, stat, access and readlink";
    if (!agent_looks_at_opens(policy))
        return "statfs and fstatfs";
    return pairs_of(policy, pairs) == 0 ? "opens" : "statfs, fstatfs and opens";
}

void agent_make_head(const uint8_t *policy, const struct inline_plan *plan,
                     struct agent_head *head) {
    struct call_pair pairs[MOST_TYPES + 1];
    for (uint32_t i = pairs_of(policy, pairs); i <= MOST_TYPES; i++)
        pairs[i] = (struct call_pair){CALL_END_OF_TYPES, 0};
    memset(head, 0, sizeof *head);
    memcpy(head->bytes, MARK, MARK_SIZE);
    memcpy(head->bytes + MARK_SIZE, &plan->address, sizeof plan->address);
    memcpy(head->bytes + BLOCKS, &plan->blocks, sizeof plan->blocks);
    memcpy(head->bytes + TYPES, pairs, sizeof pairs);
    names_fill(policy, head->bytes + NAMES);
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

/* ---- code ---- */

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
    case AGENT_FORM_GO:
        PUT(code, 0x48, 0x89, 0xdf); /* mov %rbx, %rdi */
        break;
    default:
        code_put_move(code, place->number);
    }
}

static void put_ends(struct code *code, const struct agent_place *place) {
    code->length = STUB_OWN;
    code_put_64(code, place->back - CALL_SIZE);
    code_put_64(code, place->back);
}

/* One call. */
static void make_one(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                     const struct agent_place *place, uint8_t bytes[AGENT_STUB_SIZE]) {
    const uint64_t address = plan->address;
    const bool opens = place->number == NUMBER_OPENAT, paths = looks_at_paths(policy);
    const struct call_places places = {
        .off = agent_switch(address),
        .own = stub + STUB_OWN,
        .back = stub + STUB_BACK,
        .types = address + TYPES,
        /* What is opened for a rule may be a file in memory. */
        .blocks = agent_looks_at_opens(policy) ? address + BLOCKS : 0,
        .names = {opens || paths ? address + NAMES : 0, plan->shortest},
        .says_number = place->form == AGENT_FORM_NUMBER || place->form == AGENT_FORM_GO,
        .reads_only = !paths,
    };
    struct code code = {bytes, stub, 0};
    if (!places.says_number)
        put_load(&code, place);
    call_put_code(&code, &places, place->number);
    put_ends(&code, place);
}

/* All calls are made there: by %rax to the stub of each, which follow. The last ones only where
 * rules name paths. */
static const int32_t numbers_of_go[] = {NUMBER_OPENAT,     NUMBER_STATFS,    NUMBER_FSTATFS,
                                        NUMBER_NEWFSTATAT, NUMBER_FACCESSAT, NUMBER_FACCESSAT2,
                                        NUMBER_READLINKAT};
#define NUMBERS_OF_GO (sizeof numbers_of_go / sizeof *numbers_of_go)
#define NUMBERS_WITHOUT_PATHS 3U

_Static_assert(AGENT_MOST_STUBS == 1 + NUMBERS_OF_GO, "one chooses");

static uint32_t count_for_go(const uint8_t *policy) {
    return looks_at_paths(policy) ? NUMBERS_OF_GO : NUMBERS_WITHOUT_PATHS;
}

static void make_choice(const uint8_t *policy, uint64_t stub, const struct agent_place *place,
                        uint8_t bytes[AGENT_STUB_SIZE]) {
    struct code code = {bytes, stub, 0};
    put_load(&code, place);
    for (uint32_t i = 0; i < count_for_go(policy); i++) {
        PUT(&code, 0x48, 0x3d); /* cmp $number, %rax */
        code_put_32(&code, (uint32_t)numbers_of_go[i]);
        PUT(&code, 0x0f, 0x84); /* je */
        code_put_distance(&code, stub + (uint64_t)(i + 1) * AGENT_STUB_SIZE, 0);
    }
    code_put_jump_by(&code, stub + STUB_OWN);
    put_ends(&code, place);
}

size_t agent_stubs_size(const uint8_t *policy, enum agent_form form) {
    return (form == AGENT_FORM_GO ? 1 + count_for_go(policy) : 1) * (size_t)AGENT_STUB_SIZE;
}

void agent_make_stub(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                     const struct agent_place *place,
                     uint8_t bytes[AGENT_MOST_STUBS * AGENT_STUB_SIZE]) {
    memset(bytes, 0, agent_stubs_size(policy, place->form));
    if (place->form != AGENT_FORM_GO) {
        make_one(policy, plan, stub, place, bytes);
        return;
    }
    make_choice(policy, stub, place, bytes);
    for (uint32_t i = 0; i < count_for_go(policy); i++) {
        const struct agent_place one = {AGENT_FORM_GO, numbers_of_go[i], place->back};
        const size_t at = (i + 1) * (size_t)AGENT_STUB_SIZE;
        make_one(policy, plan, stub + at, &one, bytes + at);
    }
}

/* ---- places ---- */

/* Syscall6 of internal/runtime/syscall, Go 1.21 to 1.26, and the first of what fills the space
 * behind it. */
static const uint8_t code_of_go[AGENT_BEFORE + AGENT_BEHIND] = {
    0x49, 0x89, 0xf2,                         /* mov %rsi, %r10 */
    0x48, 0x89, 0xfa,                         /* mov %rdi, %rdx */
    0x48, 0x89, 0xce,                         /* mov %rcx, %rsi */
    0x48, 0x89, 0xdf,                         /* mov %rbx, %rdi */
    0x0f, 0x05,                               /* syscall */
    0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff,       /* cmp $-4095, %rax */
    0x76, 0x15,                               /* jbe */
    0x48, 0xf7, 0xd8,                         /* neg %rax */
    0x48, 0x89, 0xc1,                         /* mov %rax, %rcx */
    0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, /* mov $-1, %rax */
    0x48, 0xc7, 0xc3, 0x00, 0x00, 0x00, 0x00, /* mov $0, %rbx */
    0xc3,                                     /* ret */
    0x48, 0x89, 0xd3,                         /* mov %rdx, %rbx */
    0x48, 0xc7, 0xc1, 0x00, 0x00, 0x00, 0x00, /* mov $0, %rcx */
    0xc3,                                     /* ret */
    0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
};
#define GO_LOAD_SIZE 3U
#define SHORT_JUMP_SIZE 2U
/* In that space: the jump of five bytes, for which there is none before the call. */
#define GO_FAR (AGENT_BEFORE + AGENT_BEHIND - AGENT_JUMP_SIZE)
#define GO_BEGIN (AGENT_BEFORE - CALL_SIZE - GO_LOAD_SIZE)

static bool has_immediate(uint8_t operation) {
    return operation == 0xc7 || operation == 0x81 || operation == 0x69 || operation == 0xf7;
}

static bool has_operands(uint8_t operation) {
    return operation == 0x8b || operation == 0x8d || operation == 0x89 || operation == 0x63 ||
           operation == 0x85 || operation == 0x87 || (operation & 0xc7) == 0x03;
}

/* Has the byte that tells the operands a distance of four bytes behind it, without a byte of an
 * index (4) in between, or with one? */
static bool is_far(uint8_t operands) {
    return ((operands & 0xc0) == 0x80 && (operands & 7) != 4) || (operands & 0xc7) == 0x05;
}

static bool is_far_by_index(uint8_t operands, uint8_t index) {
    return (operands & 7) == 4 &&
           ((operands & 0xc0) == 0x80 || ((operands & 0xc0) == 0 && (index & 7) == 5));
}

/* Do the bytes before a load make one instruction with it: prefixes (REX), operations whose
 * operands its first byte would tell, or whose distance it would be or end, before a number of four
 * bytes, or of whose number of eight bytes it would be the end? */
static bool takes_next(const uint8_t *load) {
    const uint8_t last = load[-1], second = load[-2], third = load[-3];
    return (last & 0xf0) == 0x40 || last == 0x66 || last == 0x0f || has_operands(last) ||
           has_immediate(last) || second == 0x0f || (last & 0xc7) == 0x84 ||
           (has_immediate(second) && (last & 0xc0) == 0x40) ||
           (has_immediate(third) && (second & 0xc7) == 0x44) ||
           (has_immediate(load[-5]) && is_far(load[-4])) ||
           (has_immediate(load[-6]) && is_far_by_index(load[-5], load[-4])) ||
           ((load[-5] & 0xf8) == 0x48 && (load[-4] & 0xf8) == 0xb8);
}

static uint32_t load_size(enum agent_form form) {
    return form == AGENT_FORM_GO ? GO_LOAD_SIZE : AGENT_JUMP_SIZE;
}

uint64_t agent_place_begin(const struct agent_place *place) {
    return place->back - CALL_SIZE - load_size(place->form);
}

static bool is_call(const uint8_t *code) {
    return code[0] == 0x0f && code[1] == 0x05;
}

bool agent_is_place(const struct agent_place *place,
                    const uint8_t code[AGENT_BEFORE + AGENT_BEHIND]) {
    uint8_t load[AGENT_JUMP_SIZE];
    const uint8_t *at = code + AGENT_BEFORE - CALL_SIZE - load_size(place->form);
    if (place->form == AGENT_FORM_GO)
        return memcmp(code, code_of_go, sizeof code_of_go) == 0;
    if (place->number != NUMBER_OPENAT &&
        (place->form != AGENT_FORM_NUMBER || !call_is_attended(place->number)))
        return false;
    struct code expected = {load, 0, 0};
    put_load(&expected, place);
    return !takes_next(at) && memcmp(at, load, sizeof load) == 0 && is_call(at + sizeof load);
}

bool agent_may_be_cancelled(const struct agent_place *place) {
    return place->number == NUMBER_OPENAT &&
           (place->form == AGENT_FORM_NUMBER || place->form == AGENT_FORM_DIRECTORY);
}

static bool is_near(uint64_t from, uint64_t to) {
    const int64_t distance = (int64_t)(to - from);
    return distance > INT32_MIN + 16 && distance < INT32_MAX - 16;
}

bool agent_make_jump(const struct agent_place *place, uint64_t to,
                     uint8_t code[AGENT_BEFORE + AGENT_BEHIND]) {
    const bool is_go = place->form == AGENT_FORM_GO;
    const uint32_t at = is_go ? GO_FAR : AGENT_BEFORE - CALL_SIZE - AGENT_JUMP_SIZE;
    const uint64_t from = place->back - AGENT_BEFORE + at;
    struct code jump = {code + at, from, 0};
    PUT(&jump, 0xe9);
    code_put_distance(&jump, to, 0);
    if (is_go) {
        code[GO_BEGIN] = JUMP_ALWAYS;
        code[GO_BEGIN + 1] = GO_FAR - GO_BEGIN - SHORT_JUMP_SIZE;
    }
    return is_near(from, to);
}

/* The jump of five bytes at this place of the code. */
static bool read_far(uint64_t back, const uint8_t *code, uint32_t at, uint64_t *to) {
    int32_t distance;
    memcpy(&distance, code + at + 1, sizeof distance);
    *to = back - AGENT_BEFORE + at + AGENT_JUMP_SIZE + (uint64_t)(int64_t)distance;
    return code[at] == 0xe9;
}

bool agent_read_jump(uint64_t back, const uint8_t code[AGENT_BEFORE + AGENT_BEHIND], uint64_t *to) {
    const uint32_t call = AGENT_BEFORE - CALL_SIZE;
    if (!is_call(code + call))
        return false;
    if (code[GO_BEGIN] == JUMP_ALWAYS && code[GO_BEGIN + 1] == GO_FAR - GO_BEGIN - SHORT_JUMP_SIZE)
        return read_far(back, code, GO_FAR, to);
    return read_far(back, code, call - AGENT_JUMP_SIZE, to);
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

/* No part of a room looks as if nothing was there. */
#define FILLING 0xcc /* int3 */

void agent_make_way_room(uint64_t stub, uint8_t bytes[AGENT_WAY_ROOM_SIZE]) {
    memset(bytes, FILLING, AGENT_WAY_ROOM_SIZE);
    agent_make_way(stub, bytes);
}

static void put_boot(struct code *code, uint64_t address) {
    PUT(code, 0x48, 0x8d, 0x64, 0x24, 0x80); /* lea -128(%rsp), %rsp */
    PUT(code, 0x50, 0x57, 0x56, 0x52, 0x41, 0x52, 0x41, 0x50, 0x41,
        0x51);             /* push %rax and the arguments */
    PUT(code, 0x48, 0xbf); /* mov $address, %rdi */
    code_put_64(code, address);
    PUT(code, 0xbe); /* mov $AGENT_REGION, %esi */
    code_put_32(code, AGENT_REGION);
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
    memset(bytes, FILLING, AGENT_ROOM_SIZE);
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
