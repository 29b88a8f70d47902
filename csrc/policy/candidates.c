/* candidates.c - looks for the best candidate among those whose globs begin as the path does.
 * Rule: as in match.c; freestanding, trusts the checked blob. */
#include "candidates.h"

#include "glob.h"

/* How many bytes at the beginning of the start are those of the path with a slash behind it,
 * because slash-stars at the end of a glob also match the directory itself; and does the start
 * stand behind that, as memcmp() would order them? */
static uint32_t common_bytes(const char *text, uint32_t length, const char *path, bool *behind) {
    bool ended = false;
    *behind = false;
    for (uint32_t i = 0; i < length; i++) {
        char byte = *path;
        if (byte != '\0') {
            path++;
        } else if (!ended) {
            byte = '/';
            ended = true;
        }
        if (text[i] != byte) {
            *behind = (unsigned char)text[i] > (unsigned char)byte;
            return i;
        }
    }
    return length;
}

/* The best candidate of one start if it is better than `best`. */
static const struct blob_candidate *best_of(const struct question *question, struct blob_list list,
                                            const struct blob_candidate *best) {
    const uint8_t *blob = question->blob;
    const struct blob_candidate *candidates = blob_at(blob, list.offset);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct blob_candidate *candidate = &candidates[i];
        if (candidate->parent == 0 && question->parent)
            continue;
        if ((candidate->parent != 0 && !question->parent) || (best && candidate->rank > best->rank))
            break;
        if ((candidate->glob == 0 || glob_match(blob_at(blob, candidate->glob), question->path)) &&
            question->holds(question, candidate))
            return candidate;
    }
    return best;
}

const struct blob_candidate *better_candidate(const struct question *question,
                                              struct blob_list starts,
                                              const struct blob_candidate *best) {
    const uint8_t *blob = question->blob;
    const struct blob_start *start = blob_at(blob, starts.offset);
    uint32_t low = 0, high = starts.count, common = 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const char *text = blob_at(blob, start[middle].text);
        bool behind;
        uint32_t same = common_bytes(text, start[middle].length, question->path, &behind);
        if (behind) {
            high = middle;
        } else {
            low = middle + 1;
            common = same;
        }
    }
    /* Each start that the path begins with lies before the path, and all starts in between begin
     * with it: it is the last of these, or one of the shorter ones of that. */
    for (uint32_t next = low; next != 0; next = start[next - 1].shorter)
        if (start[next - 1].length <= common)
            best = best_of(question, start[next - 1].candidates, best);
    return best;
}

bool names_paths(const uint8_t *blob, struct blob_list starts) {
    const struct blob_start *start = blob_at(blob, starts.offset);
    /* The start of those without a glob is empty, and so the first one. */
    return starts.count > 1 || (starts.count == 1 && start->length != 0);
}
