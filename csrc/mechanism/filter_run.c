/* filter_run.c - runs classic BPF as seccomp(2) does.
 * Rule: the program is a stranger's: every place it names is checked, and it only jumps forward, so
 * it ends. */
#include "filter_run.h"

#include <stdbool.h>
#include <string.h>

struct machine {
    uint32_t a, x, memory[BPF_MEMWORDS];
    size_t next;
    bool failed;
};

static uint32_t load(struct machine *machine, const struct sock_filter *step,
                     const struct k_seccomp_data *data) {
    uint32_t word = 0;
    switch (BPF_MODE(step->code)) {
    case BPF_IMM:
        return step->k;
    case BPF_LEN:
        return sizeof *data;
    case BPF_MEM:
        if (step->k < BPF_MEMWORDS)
            return machine->memory[step->k];
        break;
    case BPF_ABS:
        if (step->k <= sizeof *data - sizeof word) {
            memcpy(&word, (const uint8_t *)data + step->k, sizeof word);
            return word;
        }
        break;
    default:
        break;
    }
    machine->failed = true;
    return 0;
}

static void store(struct machine *machine, const struct sock_filter *step, uint32_t value) {
    if (step->k < BPF_MEMWORDS)
        machine->memory[step->k] = value;
    else
        machine->failed = true;
}

static uint32_t calculate(struct machine *machine, uint16_t operation, uint32_t with) {
    switch (operation) {
    case BPF_ADD:
        return machine->a + with;
    case BPF_SUB:
        return machine->a - with;
    case BPF_MUL:
        return machine->a * with;
    case BPF_DIV:
        if (with != 0)
            return machine->a / with;
        break;
    case BPF_OR:
        return machine->a | with;
    case BPF_AND:
        return machine->a & with;
    case BPF_XOR:
        return machine->a ^ with;
    case BPF_LSH:
        return with < 32 ? machine->a << with : 0;
    case BPF_RSH:
        return with < 32 ? machine->a >> with : 0;
    case BPF_NEG:
        return 0 - machine->a;
    default:
        break;
    }
    machine->failed = true;
    return 0;
}

static void jump(struct machine *machine, const struct sock_filter *step, uint32_t with) {
    bool holds = false;
    switch (BPF_OP(step->code)) {
    case BPF_JA:
        machine->next += step->k;
        return;
    case BPF_JEQ:
        holds = machine->a == with;
        break;
    case BPF_JGT:
        holds = machine->a > with;
        break;
    case BPF_JGE:
        holds = machine->a >= with;
        break;
    case BPF_JSET:
        holds = (machine->a & with) != 0;
        break;
    default:
        machine->failed = true;
    }
    machine->next += holds ? step->jt : step->jf;
}

uint32_t filter_run(const struct sock_filter *filter, size_t length,
                    const struct k_seccomp_data *data) {
    struct machine machine = {0};
    while (machine.next < length && !machine.failed) {
        const struct sock_filter *step = &filter[machine.next++];
        const uint32_t with = BPF_SRC(step->code) == BPF_X ? machine.x : step->k;
        switch (BPF_CLASS(step->code)) {
        case BPF_LD:
            machine.a = load(&machine, step, data);
            break;
        case BPF_LDX:
            machine.x = load(&machine, step, data);
            break;
        case BPF_ST:
            store(&machine, step, machine.a);
            break;
        case BPF_STX:
            store(&machine, step, machine.x);
            break;
        case BPF_ALU:
            machine.a = calculate(&machine, BPF_OP(step->code), with);
            break;
        case BPF_JMP:
            jump(&machine, step, with);
            break;
        case BPF_RET:
            return BPF_RVAL(step->code) == BPF_A ? machine.a : step->k;
        default: /* BPF_MISC */
            if (BPF_MISCOP(step->code) == BPF_TAX)
                machine.x = machine.a;
            else
                machine.a = machine.x;
        }
    }
    return 0;
}
