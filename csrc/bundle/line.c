/* line.c - reads the command line of a bundle, by getopt_long(3).
 * Rule: an option that `exec` has means here what it means there; one that `exec` has and a bundle
 * cannot have is refused. */
#include "line.h"

#include <getopt.h>
#include <string.h>

enum {
    OPTION_LOG_LEVEL = 256,
    OPTION_INLINE,
    OPTION_STAY,
    OPTION_STATS,
    OPTION_SHOW,
    OPTION_DOCTOR
};

static const struct option known[] = {
    {"mechanism", required_argument, NULL, 'm'},
    {"inline", required_argument, NULL, OPTION_INLINE},
    {"log-file", required_argument, NULL, 'o'},
    {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
    {"stay", no_argument, NULL, OPTION_STAY},
    {"stats", no_argument, NULL, OPTION_STATS},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"show", no_argument, NULL, OPTION_SHOW},
    {"doctor", no_argument, NULL, OPTION_DOCTOR},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char *name_of(int option) {
    size_t i = 0;
    while (known[i].name && known[i].val != option)
        i++;
    return known[i].name;
}

static int refuse(struct failure *failure, const struct held *held, enum held_text text,
                  const char *word) {
    return fail(failure, 0, "%s", held_with(held->texts[text], word));
}

static bool is_one_of(const char *word, const char *const words[]) {
    for (size_t i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static void take(struct line *line, int option) {
    switch (option) {
    case 'm':
        line->mechanism = optarg;
        break;
    case OPTION_INLINE:
        line->inlined = optarg;
        break;
    case 'o':
        line->log_file = optarg;
        break;
    case OPTION_LOG_LEVEL:
        line->log_level = optarg;
        break;
    case OPTION_STAY:
        line->stay = true;
        break;
    case OPTION_STATS:
        line->stats = true;
        break;
    case 'v':
        line->verbose = true;
        break;
    case 'q':
        line->quiet = true;
        break;
    case OPTION_SHOW:
        line->task = TASK_SHOW;
        break;
    case OPTION_DOCTOR:
        line->task = TASK_DOCTOR;
        break;
    case 'V':
        line->task = TASK_VERSION;
        break;
    default:
        line->task = TASK_HELP;
    }
}

/* What goes with what. */
static int check(int count, const struct held *held, struct line *line, struct failure *failure) {
    static const char *const mechanisms[] = {"auto", "notify", "trace", "ptrace", NULL};
    static const char *const levels[] = {"info", "trace", NULL};
    static const char *const whens[] = {"off", "auto", "always", NULL};
    if (!is_one_of(line->mechanism, mechanisms))
        return refuse(failure, held, TEXT_NO_MECHANISM, line->mechanism);
    if (!is_one_of(line->inlined, whens))
        return refuse(failure, held, TEXT_NO_INLINE, line->inlined);
    if (line->log_level && !is_one_of(line->log_level, levels))
        return refuse(failure, held, TEXT_NO_LEVEL, line->log_level);
    if (line->verbose && line->quiet)
        return refuse(failure, held, TEXT_EXCLUDE, "");
    if (line->log_level && !line->log_file)
        return refuse(failure, held, TEXT_WITHOUT_LOG, "");
    if (line->task == TASK_RUN && line->first >= count)
        return refuse(failure, held, TEXT_NO_COMMAND, "");
    if (!line->log_level)
        line->log_level = levels[0];
    return 0;
}

/* What getopt_long(3) could not take: `option` is what it returned, `word` where it stands. */
static int refuse_option(struct failure *failure, const struct held *held, int option, char *word) {
    const char letter[] = {'-', (char)optopt, '\0'};
    char *value = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
    if (value)
        *value = '\0';
    if (option == ':')
        return refuse(failure, held, TEXT_NEEDS_VALUE, word);
    if (optopt != 0 && value) /* else it is not known */
        return refuse(failure, held, TEXT_NO_VALUE, word);
    return refuse(failure, held, TEXT_UNKNOWN, optopt != 0 ? letter : word);
}

int line_read(int count, char **arguments, const struct held *held, struct line *line,
              struct failure *failure) {
    int option;
    *line = (struct line){.mechanism = held->texts[TEXT_MECHANISM], .inlined = "off"};
    opterr = 0;
    while ((option = getopt_long(count, arguments, "+:m:o:vqVh", known, NULL)) != -1) {
        if (option == ':' || option == '?')
            return refuse_option(failure, held, option, arguments[optind - 1]);
        if (optarg && *optarg == '\0')
            return refuse(failure, held, TEXT_EMPTY_VALUE, name_of(option));
        take(line, option);
    }
    line->first = optind;
    optind = 0; /* `start` reads a line of its own */
    return check(count, held, line, failure);
}
