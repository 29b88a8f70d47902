/* mount_table.c - rewrites tables line by line. Rule: what is not named by a rule passes as it is.
 */
#include "mount_table.h"

int mount_table_rewrite(const uint8_t *policy, enum spoof_table table, const char *program,
                        const char *text, size_t length, struct table_change *change) {
    (void)policy, (void)table, (void)program, (void)text, (void)length;
    *change = (struct table_change){0};
    return 0;
}
