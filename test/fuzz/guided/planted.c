/* planted.c - a fault that has to be found: shows that the fuzzer, and who runs it, would tell. */
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    const char *text = take_text(&input, 8);
    MUST(memcmp(text, "fault", strlen(text) < 5 ? strlen(text) + 1 : 5) != 0, "planted");
    end_input();
    return 0;
}
