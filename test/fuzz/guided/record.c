/* record.c - what the front hands over: its record with any counts and bytes, and the environment
 * of a shell in one variable.
 * Input: which of both; the counts of a record and what follows its head, or the variable. */
#include <stdio.h>

#include "../../../csrc/front/environment.h"
#include "../../../csrc/process/state.h"
#include "input.h"

extern char **environ;

static void check_descriptors(const struct state_view *view) {
    const struct state *state = view->state;
    int32_t last = -1;
    for (uint32_t i = 0; i < state->descriptor_count; i++) {
        const struct state_descriptor *descriptor = &view->descriptors[i];
        /* state_restore() closes what lies between them. */
        MUST(descriptor->fd > last && descriptor->fd < INT32_MAX, "descriptor %d", descriptor->fd);
        last = descriptor->fd;
    }
}

static void check_strings(char **strings, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        read_text(strings[i]);
    MUST(!strings[count], "a NULL ends them");
}

static void parse_record(struct input *input) {
    struct state state = {.magic = STATE_MAGIC, .version = STATE_VERSION};
    struct state_view view = {0};
    uint32_t wrong = (uint32_t)take(input, 1);
    state.descriptor_count = (uint32_t)take(input, wrong & 1 ? 4 : 1);
    state.argument_count = (uint32_t)take(input, wrong & 2 ? 4 : 1);
    state.variable_count = (uint32_t)take(input, wrong & 4 ? 4 : 1);
    state.pending_count = (uint32_t)take(input, wrong & 8 ? 4 : 1);
    state.magic ^= wrong >> 4 & 1;
    state.version ^= wrong >> 5 & 1;
    size_t length = sizeof state + input->left;
    state.length = length + (wrong >> 6 & 1);
    if (wrong & 128)
        length = take(input, 2) % (length + 1);
    char *record = room(length);
    memcpy(record, &state, length < sizeof state ? length : sizeof state);
    if (length > sizeof state && length - sizeof state <= input->left)
        memcpy(record + sizeof state, input->at, length - sizeof state);
    else if (length > sizeof state)
        memset(record + sizeof state, 0, length - sizeof state);
    if (!state_parse(record, length, &view)) {
        check_descriptors(&view);
        check_strings(view.arguments, view.state->argument_count);
        check_strings(view.variables, view.state->variable_count);
        MUST(view.state->pending_count <= STATE_PENDING, "%u", view.state->pending_count);
        free(view.variables);
    }
    free(view.arguments);
}

/* Any text in the variable. */
static void restore_environment(struct input *input) {
    char **before = environ;
    const char *text = take_text(input, SIZE_MAX);
    char *variable = room(strlen(GIVEN_ENVIRONMENT) + strlen(text) + 2);
    char *given[] = {variable, NULL};
    sprintf(variable, "%s=%s", GIVEN_ENVIRONMENT, text);
    environ = given;
    environment_restore();
    for (char **string = environ; *string; string++)
        read_text(*string);
    if (environ != given)
        free(environ);
    environ = before;
}

/* What was quoted as the other side does it comes out again. */
static void hand_on(struct input *input) {
    size_t length, out = 0, count = 0;
    char **before = environ;
    char *strings = take_rest(input, &length), *ends = strings;
    char *variable = room(2 * length + 64);
    char *given[] = {variable, NULL};
    if (length > 0)
        strings[length - 1] = '\0';
    out = (size_t)sprintf(variable, "%s=:", GIVEN_ENVIRONMENT);
    for (size_t i = 0; i + 1 < length; i++) {
        if (strings[i] == '\n' || strings[i] == '\\')
            variable[out++] = '\\';
        variable[out++] = strings[i] == '\n' ? 'n' : strings[i] ? strings[i] : '\n';
    }
    variable[out] = '\0';
    environ = given;
    environment_restore();
    for (; environ[count]; count++, ends += strlen(ends) + 1)
        MUST(ends < strings + length && strcmp(environ[count], ends) == 0, "%s", environ[count]);
    MUST(length <= 1 ? count == 0 : ends == strings + length, "%zu strings", count);
    free(environ);
    environ = before;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const targets[])(struct input *) = {parse_record, restore_environment, hand_on};
    struct input input = {data, size};
    targets[choose(&input, 3)](&input);
    end_input();
    return 0;
}
