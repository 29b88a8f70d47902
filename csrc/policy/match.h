/* match.h - the matcher: which rule of a compiled policy answers a call.
 * Rule: freestanding. It calls nothing but itself, allocates nothing, and its time is bounded,
 * so that it can run anywhere, later inside the tracee itself. */
#ifndef SPOOF_MATCH_H
#define SPOOF_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "blob.h"

enum match_result {
    MATCH_NONE,       /* no rule: let the call run */
    MATCH_FOUND,      /* *rule answers */
    MATCH_NEEDS_PATH, /* path was NULL, and the answer depends on it */
};

/* Which rule answers statfs on a filesystem of `type`; `path` is absolute and resolved, or NULL if
 * not looked up (yet). `blob` must have passed blob_check(). The time does not grow with rules
 * whose globs begin otherwise than the path. */
enum match_result match_statfs(const uint8_t *blob, uint64_t type, const char *path,
                               uint32_t *rule);

/* May it ever need a path? */
bool match_statfs_names_paths(const uint8_t *blob);

/* Which rule holds for a mount of the type `fstype` at `point` (either may be NULL: unknown, and no
 * glob matches it), as `program` (last part of the path of its file, or NULL: none that is
 * excepted) reads of it? False: none. The rule (blob_mounts_rule()) may answer the type, a peer
 * group, or both; answers of two rules are never mixed. */
bool match_mounts(const uint8_t *blob, const char *fstype, const char *point, const char *program,
                  uint32_t *rule);

/* Does it ever depend on the program? */
bool match_mounts_excepts_programs(const uint8_t *blob);

/* What an open of a path may need; bits. */
#define MATCH_OPEN_MOUNT_TABLE 1U /* it may be a table of mounts or filesystems */
#define MATCH_OPEN_FILE 2U        /* match_file() or match_parent() may find a rule */
#define MATCH_OPEN_TREE 4U        /* match_file() may find a rule that reaches over directories */

/* The cheap first question about the path of a call as the program wrote it, not resolved, relative
 * to anything: 0 if no mounts or files rule can be about it. A symbolic link of another name than
 * what it leads to is not seen through. Its time does not grow with rules that name files plainly.
 */
uint32_t match_open(const uint8_t *blob, const char *path);

/* What a path of a table may end with, one after the other; NULL: no more. */
const char *match_table_name(uint32_t index);

/* Which files rule (blob_file_rule()) holds for `path` (absolute, resolved), as `program` (as
 * above) sees it? False: none. The time does not grow with rules whose globs begin otherwise, or
 * end in another plain name. */
bool match_file(const uint8_t *blob, const char *path, const char *program, uint32_t *rule);
/* May a rule hold for a path of more bytes than this, with names of up to 255? */
bool match_file_reaches(const uint8_t *blob, uint32_t bytes);
/* Which rule invents this directory, if there is none, because it names something below it and says
 * BLOB_FILE_PARENTS? */
bool match_parent(const uint8_t *blob, const char *path, const char *program, uint32_t *rule);
/* For a rule with BLOB_FILE_TREE that match_file() found: the part of `path` to put behind the
 * rule's bytes. Empty, or it begins with a slash. NULL if the rule does not hold. */
const char *match_tree_rest(const uint8_t *blob, uint32_t rule, const char *path);

#endif
