/* own_places.h - places of opens.c's own that make calls: what is in their registers stays so, and
 * code that looks like a place, and is none, is left alone. */
#if defined(__x86_64__)

struct registers {
    uint64_t rdi, rsi, rdx, r10, r8, r9, rbx, rbp, r12, rax, flags;
};

__attribute__((noinline)) static void call(struct registers *r) {
    __asm__ volatile("push %%rbx; push %%rbp; push %%r12\n"
                     "mov %%rax, %%r11; push %%r11\n"
                     "mov 0(%%r11), %%rdi; mov 8(%%r11), %%rsi; mov 16(%%r11), %%rdx\n"
                     "mov 24(%%r11), %%r10; mov 32(%%r11), %%r8; mov 40(%%r11), %%r9\n"
                     "mov 48(%%r11), %%rbx; mov 56(%%r11), %%rbp; mov 64(%%r11), %%r12\n"
                     "cmp %%rax, %%rax; stc; nop\n"
                     "mov $257, %%eax; syscall\n"
                     "cmp $-4096, %%rax\n"
                     "pushf; pop %%r11; xchg %%r11, (%%rsp)\n"
                     "mov %%rdi, 0(%%r11); mov %%rsi, 8(%%r11); mov %%rdx, 16(%%r11)\n"
                     "mov %%r10, 24(%%r11); mov %%r8, 32(%%r11); mov %%r9, 40(%%r11)\n"
                     "mov %%rbx, 48(%%r11); mov %%rbp, 56(%%r11); mov %%r12, 64(%%r11)\n"
                     "mov %%rax, 72(%%r11); pop %%rax; mov %%rax, 80(%%r11)\n"
                     "pop %%r12; pop %%rbp; pop %%rbx\n"
                     : "+a"(r)
                     :
                     : "rdi", "rsi", "rdx", "r10", "r8", "r9", "rcx", "r11", "memory", "cc");
}

static int registers(void) {
    int wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct registers before = {.rdi = (uint32_t)AT_FDCWD,
                                   .rsi = (uint64_t)(uintptr_t)path,
                                   .r10 = 0x1a4,
                                   .r8 = 11,
                                   .r9 = 12,
                                   .rbx = 13,
                                   .rbp = 14,
                                   .r12 = 15};
        struct registers after = before;
        call(&after);
        wrong += (int64_t)after.rax < 0;
        close((int)after.rax);
        after.rax = after.flags = 0;
        wrong += memcmp(&before, &after, sizeof before) != 0;
    }
    return wrong;
}

/* ---- code that looks like a place, and is none ---- */

/* An open between two instructions, as a place makes it. */
#define OPENED_BETWEEN(before, behind)                                                             \
    "mov %[openat], %%eax\n" before "syscall\ncmp $-4096, %%rax\n" behind
#define OPENED_BEHIND(before) OPENED_BETWEEN(before, "")
#define OPENED(name) [openat] "i"(SYS_openat), "D"((long)AT_FDCWD), "S"(name), "d"(0L)

static long closed(long result, long value) {
    if (result >= 0)
        close((int)result);
    return result < 0 ? result : value;
}

/* A store whose distance and number are the bytes of such a load; it writes below the stack. */
__attribute__((noinline)) static long misread(const char *name) {
    long result, stored;
    __asm__ volatile(OPENED_BETWEEN(".byte 0xc7, 0x44, 0x24, 0xb8, 0x01, 0x01, 0x00, 0x00\n",
                                    "movslq -72(%%rsp), %[stored]\n")
                     : "=&a"(result), [stored] "=&r"(stored)
                     : OPENED(name)
                     : "rcx", "r11", "memory");
    return closed(result, stored);
}

/* A number of eight bytes, of which such a load is the end. */
__attribute__((noinline)) static long misread_long(const char *name) {
    long result, number;
    __asm__ volatile(OPENED_BEHIND("movabs $0x101b8112233, %[number]\n")
                     : "=&a"(result), [number] "=&b"(number)
                     : OPENED(name)
                     : "rcx", "r11", "memory");
    return closed(result, number);
}

/* A store far from its register, where the load is the last byte of the distance, and the number.
 */
__attribute__((noinline)) static long misread_far(const char *name) {
    long result;
    static int stored;
    const uintptr_t base = (uintptr_t)&stored + 0x47eeddcc;
    __asm__ volatile(
        OPENED_BEHIND(".byte 0xc7, 0x83, 0x34, 0x22, 0x11, 0xb8, 0x01, 0x01, 0x00, 0x00\n")
        : "=&a"(result)
        : "b"(base), OPENED(name)
        : "rcx", "r11", "memory");
    return closed(result, stored);
}

/* A store into an array, where the load is the index, and the number. */
__attribute__((noinline)) static long misread_index(const char *name) {
    long result;
    static int stored[8];
    stored[5] = 0;
    register long index __asm__("r15") = 5;
    register int *array __asm__("r8") = stored;
    __asm__ volatile(OPENED_BEHIND(".byte 0x43, 0xc7, 0x04, 0xb8, 0x01, 0x01, 0x00, 0x00\n")
                     : "=&a"(result)
                     : "r"(index), "r"(array), OPENED(name)
                     : "rcx", "r11", "memory");
    return closed(result, stored[5]);
}

/* An addition at a distance that is the number. */
__attribute__((noinline)) static long misread_sum(const char *name) {
    long result;
    static char stored[SYS_openat + sizeof(int)];
    const int number = SYS_openat + 100;
    int sum;
    memcpy(stored + SYS_openat, &number, sizeof number);
    register char *base __asm__("r8") = stored;
    __asm__ volatile(OPENED_BEHIND(".byte 0x41, 0x01, 0xb8, 0x01, 0x01, 0x00, 0x00\n")
                     : "=&a"(result)
                     : "r"(base), OPENED(name)
                     : "rcx", "r11", "memory");
    memcpy(&sum, stored + SYS_openat, sizeof sum);
    return closed(result, sum);
}

/* A store of one byte, whose distance begins where the load does. */
__attribute__((noinline)) static long misread_byte(const char *name) {
    long result;
    static volatile char stored;
    const uintptr_t base = (uintptr_t)&stored - 0x101b8;
    stored = 1;
    __asm__ volatile(OPENED_BEHIND(".byte 0xc6, 0x83, 0xb8, 0x01, 0x01, 0x00, 0x00\n")
                     : "=&a"(result)
                     : "b"(base), OPENED(name)
                     : "rcx", "r11", "memory");
    return closed(result, stored);
}

/* An operation of three bytes (SSE4.1), with a distance that is the number. */
__attribute__((noinline)) static long misread_vector(const char *name) {
    long result;
    unsigned loaded;
    static char stored[SYS_openat + 8];
    stored[SYS_openat] = 77;
    register char *base __asm__("r8") = stored;
    __asm__ volatile(OPENED_BETWEEN(".byte 0x66, 0x41, 0x0f, 0x38, 0x30, 0xb8, 0x01, 0x01, 0, 0\n",
                                    "movd %%xmm7, %[loaded]\n")
                     : "=&a"(result), [loaded] "=&b"(loaded)
                     : "r"(base), OPENED(name)
                     : "rcx", "r11", "xmm7", "memory");
    return closed(result, (long)loaded);
}

/* A number out of the stack, behind an instruction that ends as the prefix of such a load. */
__attribute__((noinline)) static long misread_stack(const char *name) {
    long result;
    const char *names[10] = {[9] = name};
    __asm__ volatile("lea -256(%%rsp), %%rsp\n"
                     "movq %[openat], 16(%%rsp)\n"
                     "mov 0x48(%%rsi), %%rsi\n"
                     "mov 16(%%rsp), %%eax\n"
                     "syscall\n"
                     "cmp $-4096, %%rax\n"
                     "lea 256(%%rsp), %%rsp\n"
                     : "=&a"(result)
                     : OPENED(names)
                     : "rcx", "r11", "memory");
    return closed(result, 0);
}

/* As Rust compiles what compares two numbers, makes a call and goes on by what it has found: the
 * kernel leaves the flags. */
__attribute__((noinline)) static int keeps_flags(const char *name, long one, long other) {
    long result;
    uint8_t less;
    __asm__ volatile("cmp %[other], %[one]\n"
                     "mov $257, %%eax\n"
                     "syscall\n"
                     "mov %%rax, %[result]\n"
                     "setb %[less]\n"
                     : [result] "=r"(result), [less] "=&b"(less)
                     : [one] "r"(one), [other] "r"(other), "D"((long)AT_FDCWD), "S"(name), "d"(0L)
                     : "rax", "rcx", "r11", "memory");
    if (result >= 0)
        close((int)result);
    return result < 0 ? -1 : less;
}

static int looks_alike(void) {
    int wrong = 0;
    for (int i = 0; i < 100; i++) {
        wrong += keeps_flags(path, i, 50) != (i < 50);
        wrong += misread(path) != SYS_openat;
        wrong += misread_long(path) != 0x101b8112233;
        wrong += misread_far(path) != SYS_openat;
        wrong += misread_index(path) != SYS_openat;
        wrong += misread_sum(path) != SYS_openat;
        wrong += misread_byte(path) != 0;
        wrong += misread_vector(path) != 77;
        wrong += misread_stack(path) != 0;
    }
    return wrong;
}

#else

#define REGISTERS 31 /* and the flags */

struct registers {
    uint64_t number[REGISTERS + 1];
};

/* With all registers as they are there, and the flags, to what they are afterwards. */
#define CALL(name, nr)                                                                             \
    void name(struct registers *r);                                                                \
    __asm__(".pushsection .text\n.globl " #name "\n.balign 4\n" #name ":\n"                        \
            "stp x29, x30, [sp, -96]!\n"                                                           \
            "stp x19, x20, [sp, 16]\nstp x21, x22, [sp, 32]\nstp x23, x24, [sp, 48]\n"             \
            "stp x25, x26, [sp, 64]\nstp x27, x28, [sp, 80]\n"                                     \
            "sub sp, sp, 272\nstr x0, [sp, 256]\n"                                                 \
            "ldr x1, [x0, 248]\nmsr nzcv, x1\n"                                                    \
            "ldp x2, x3, [x0, 16]\nldp x4, x5, [x0, 32]\nldp x6, x7, [x0, 48]\n"                   \
            "ldr x9, [x0, 72]\nldp x10, x11, [x0, 80]\nldp x12, x13, [x0, 96]\n"                   \
            "ldp x14, x15, [x0, 112]\nldp x16, x17, [x0, 128]\nldp x18, x19, [x0, 144]\n"          \
            "ldp x20, x21, [x0, 160]\nldp x22, x23, [x0, 176]\nldp x24, x25, [x0, 192]\n"          \
            "ldp x26, x27, [x0, 208]\nldp x28, x29, [x0, 224]\nldr x30, [x0, 240]\n"               \
            "ldp x0, x1, [x0]\nmov x8, " #nr "\nsvc 0\n"                                           \
            "stp x0, x1, [sp]\nstp x2, x3, [sp, 16]\nstp x4, x5, [sp, 32]\n"                       \
            "stp x6, x7, [sp, 48]\nstp x8, x9, [sp, 64]\nstp x10, x11, [sp, 80]\n"                 \
            "stp x12, x13, [sp, 96]\nstp x14, x15, [sp, 112]\nstp x16, x17, [sp, 128]\n"           \
            "stp x18, x19, [sp, 144]\nstp x20, x21, [sp, 160]\nstp x22, x23, [sp, 176]\n"          \
            "stp x24, x25, [sp, 192]\nstp x26, x27, [sp, 208]\nstp x28, x29, [sp, 224]\n"          \
            "mrs x1, nzcv\nstp x30, x1, [sp, 240]\nldr x0, [sp, 256]\nmov x2, 0\n"                 \
            "1: ldr x1, [sp, x2]\nstr x1, [x0, x2]\nadd x2, x2, 8\ncmp x2, 256\nb.ne 1b\n"         \
            "add sp, sp, 272\n"                                                                    \
            "ldp x19, x20, [sp, 16]\nldp x21, x22, [sp, 32]\nldp x23, x24, [sp, 48]\n"             \
            "ldp x25, x26, [sp, 64]\nldp x27, x28, [sp, 80]\n"                                     \
            "ldp x29, x30, [sp], 96\nret\n.popsection\n")
CALL(call_open, 56);
CALL(call_statfs, 43);

/* All but the result stay as they are. */
static int keeps(void (*call)(struct registers *), int64_t first, int64_t second, uint64_t number,
                 int round) {
    struct registers before, after;
    for (uint64_t i = 0; i < REGISTERS; i++)
        before.number[i] = i * 0x0101010101010101;
    before.number[0] = (uint64_t)first;
    before.number[1] = (uint64_t)second;
    before.number[2] = 0;
    before.number[8] = number;
    before.number[REGISTERS] = (uint64_t)(round & 15) << 28;
    after = before;
    call(&after);
    const int64_t result = (int64_t)after.number[0];
    after.number[0] = before.number[0];
    if (number == SYS_openat && result >= 0)
        close((int)result);
    return result < 0 || memcmp(&before, &after, sizeof before) != 0;
}

static int registers(void) {
    int wrong = 0;
    struct statfs info;
    for (int i = 0; i < ROUNDS; i++) {
        wrong += keeps(call_open, AT_FDCWD, (intptr_t)path, SYS_openat, i);
        wrong += keeps(call_statfs, (intptr_t)path, (intptr_t)&info, SYS_statfs, i);
    }
    return wrong;
}

/* ---- code that looks like a place, and is none ---- */

/* The number of another register: whoever makes calls there may make others, too. */
__attribute__((noinline)) static long by_another(const char *name) {
    register long x0 __asm__("x0") = AT_FDCWD;
    register const char *x1 __asm__("x1") = name;
    register long x2 __asm__("x2") = 0;
    __asm__ volatile("mov x9, 56\nmov x8, x9\nsvc 0\n"
                     : "+r"(x0)
                     : "r"(x1), "r"(x2)
                     : "x8", "x9", "memory");
    return x0;
}

/* There are two ways to the call. */
__attribute__((noinline)) static long by_two_ways(const char *name, long number) {
    register long x0 __asm__("x0") = AT_FDCWD;
    register const char *x1 __asm__("x1") = name;
    register long x2 __asm__("x2") = 0;
    __asm__ volatile("mov x8, 56\ncbz %[number], 1f\nmov x8, %[number]\n1: svc 0\n"
                     : "+r"(x0)
                     : "r"(x1), "r"(x2), [number] "r"(number)
                     : "x8", "memory");
    return x0;
}

static int looks_alike(void) {
    int wrong = 0;
    for (int i = 0; i < 100; i++) {
        wrong += close((int)by_another(path)) != 0;
        wrong += close((int)by_two_ways(path, 0)) != 0;
        wrong += by_two_ways(path, SYS_getpid) != getpid();
    }
    return wrong;
}

#endif
