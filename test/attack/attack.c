/* attack WHO [PART/PARTS|DIRECTORY] - becomes WHO and makes every call, or of the opens each one of PARTS,
 * on the paths of standard input, lines of NAME, a tab and PATH; or turns on other processes (procfs.c).
 * Ends with 77 where WHO is not to be had. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "attack.h"

static const char *directory;

static void try_paths(void) {
    char line[8192];
    umask(0);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        if (!tab)
            continue;
        *tab = '\0';
        try_all(line, tab + 1);
    }
    fflush(stdout);
}

static void try_processes(void) {
    attack_processes(directory);
}

int main(int count, char **arguments) {
    unsigned part, parts;
    if (count > 2 && sscanf(arguments[2], "%u/%u", &part, &parts) == 2)
        try_part(part, parts);
    else
        directory = count > 2 ? arguments[2] : NULL;
    return count > 1 && become(arguments[1], directory ? try_processes : try_paths) ? 0 : 77;
}
