/* blob_parts.h - the parts that a blob is made of, and the lists that rules are told in.
 * Rule: a failed allocation makes the builder bad for good (`failed`), and finish() says so; the
 * parts may go on, what they make is then thrown away. */
#ifndef SPOOF_BLOB_PARTS_H
#define SPOOF_BLOB_PARTS_H

#include "../content/bytes.h"
#include "../policy/blob.h"

struct spoof_builder {
    struct bytes rules; /* struct rule_input, rules.h */
    int failed;         /* an errno, or 0 */
};

static inline size_t count_of(const struct bytes *bytes, size_t element) {
    return bytes->length / element;
}

bool append(struct spoof_builder *builder, struct bytes *to, const void *data, size_t length);
/* A copy of `text` at the end of a list of char *. 0 or -ENOMEM. */
int32_t append_copy(struct spoof_builder *builder, struct bytes *to, const char *text);
void free_texts(struct bytes *texts);
/* Bytes of a glob that are no wildcards: how specific it is. */
uint32_t literal_bytes(const char *glob);

/* ---- the blob grows: each says where it put its part ---- */
struct blob_list put_list(struct spoof_builder *builder, struct bytes *blob, const void *data,
                          size_t element, size_t count);
/* A list of all elements that were appended to `gathered`, which is emptied and freed. */
struct blob_list put_gathered(struct spoof_builder *builder, struct bytes *blob,
                              struct bytes *gathered, size_t element);
uint32_t put_text(struct spoof_builder *builder, struct bytes *blob, const char *text);
/* The texts of a list of char *, and the list (uint32_t) of where they lie. */
struct blob_list put_texts(struct spoof_builder *builder, struct bytes *blob,
                           const struct bytes *texts);

#endif
