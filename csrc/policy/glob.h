/* glob.h - does a glob, or one of a list of them, match a path or a word?
 * Rule: freestanding, as match.h; time is bounded by length of glob times length of text. */
#ifndef SPOOF_GLOB_H
#define SPOOF_GLOB_H

#include "blob.h"

/* Does the glob match all of `path`? Both are NUL-terminated bytes. `*` and `?` stop at a slash,
 * `**` does not, a trailing slash-`**` also matches the directory itself, and so do more than one;
 * `\` takes the next byte as it is. Time: length of glob times length of path at most. */
bool glob_match(const char *glob, const char *path);

/* Does the glob match all of `text`, a word that is no path? `*` and `?` stand for any bytes. */
bool word_match(const char *glob, const char *text);

/* Does one of these globs match `word` (NULL: none does), or `path`? */
bool match_word_list(const uint8_t *blob, struct blob_list globs, const char *word);
bool match_path_list(const uint8_t *blob, struct blob_list globs, const char *path);

#endif
