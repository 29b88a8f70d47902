/* bundle.c - the end of a bundle's file with any bytes, and the command line of one that has any
 * texts.
 * Input: what is wrong, the words of the line, and then the blob and the texts. */
#include <getopt.h>
#include <stdio.h>

#include "../../../csrc/bundle/held.h"
#include "../../../csrc/bundle/line.h"
#include "../../../csrc/content/bytes.h"
#include "../../../csrc/policy/blob.h"
#include "input.h"

#define WORDS 6U
#define LONGEST 64U

static void read_line(struct held *held, char **words, int count) {
    struct line line;
    struct failure failure = {0};
    optind = 0;
    if (line_read(count, words, held, &line, &failure) != 0) {
        read_text(failure.text);
        return;
    }
    MUST(line.first >= 1 && line.first <= count, "word %d of %d", line.first, count);
    MUST(line.task != TASK_RUN || line.first < count, "there is a command");
    MUST(!(line.verbose && line.quiet), "not both");
    read_text(line.mechanism);
    read_text(line.log_file);
    read_text(line.log_level);
}

/* A policy without rules, as it is with one, and then the texts. */
static char *put_end(struct input *input, struct held_end *end, bool is_blob) {
    const struct blob_header header = {
        .magic = BLOB_MAGIC, .version = BLOB_VERSION, .length = sizeof header};
    size_t left = input->left, before = is_blob ? sizeof header : 0;
    char *bytes = room(before + left);
    memcpy(bytes, &header, before);
    memcpy(bytes + before, input->at, left);
    end->bytes = bytes;
    end->text_length = is_blob ? left : left / 2;
    end->policy_length = before + left - end->text_length;
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    struct held held = {0};
    struct held_end end;
    struct failure failure = {0};
    char *words[WORDS + 2] = {"bundle"};
    int count = 1;
    uint32_t wrong = (uint32_t)take(&input, 1);
    for (uint32_t wanted = choose(&input, WORDS + 1); wanted > 0; wanted--)
        words[count++] = take_text(&input, LONGEST);
    put_end(&input, &end, !(wrong & 1));
    end.digest =
        bytes_digest(DIGEST_BEGIN, end.bytes, (size_t)(end.policy_length + end.text_length)) ^
        (wrong >> 1 & 1);
    if (held_verify(&held, &end, &failure) == 0) {
        MUST(!(wrong & 2), "a damaged one is taken");
        MUST(blob_check(held.policy, held.policy_length) == NULL, "a policy");
        for (size_t i = 0; i < TEXT_COUNT; i++)
            read_text(held.texts[i]);
        const char *last = held.texts[TEXT_COUNT - 1];
        MUST(last + strlen(last) + 1 == end.bytes + end.policy_length + end.text_length, "the end");
        read_line(&held, words, count);
    }
    read_text(failure.text);
    end_input();
    return 0;
}
