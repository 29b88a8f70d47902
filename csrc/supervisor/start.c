/* start.c - the last C step of `exec`: restores what was recorded, sees to it that calls will be
 * answered, installs the filter and becomes the command.
 * Rule: until the filter is in place every failure leaves nothing behind and ends with 125. */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../inline/processor.h"
#include "../mechanism/notify.h"
#include "../mechanism/trace.h"
#include "../policy/blob.h"
#include "../process/failure.h"
#include "../process/own_proc.h"
#include "guardian.h"
#include "inline_plan.h"
#include "log.h"
#include "parent.h"
#include "../probe/probe.h"
#include "../process/state.h"
#include "start.h"

extern char **environ;

struct start_options {
    int state_fd, policy_fd, segment_fd, log_fd;
    int first;
    int log_level;
    const char *mechanism; /* as named */
    const char *inlined;   /* off, auto, always */
    bool verbose, quiet;
    bool stay;      /* as the parent of the command, also where it need not be so */
    char **command; /* NULL-terminated */
    char **environment;
    struct state_view view;
};

static bool number(const char *text, int *value) {
    char *end = NULL;
    long parsed = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || parsed < 0 || parsed > 1 << 20)
        return false;
    *value = (int)parsed;
    return true;
}

static bool take_option(struct start_options *options, int option) {
    switch (option) {
    case 's':
        return number(optarg, &options->state_fd);
    case 'f':
        return number(optarg, &options->first);
    case 'p':
        return number(optarg, &options->policy_fd);
    case 'g':
        return number(optarg, &options->segment_fd);
    case 'l':
        return number(optarg, &options->log_fd);
    case 'm':
        options->mechanism = optarg;
        return strcmp(optarg, "auto") == 0 || strcmp(optarg, "notify") == 0 ||
               strcmp(optarg, "trace") == 0 || strcmp(optarg, "ptrace") == 0;
    case 'i':
        options->inlined = optarg;
        return strcmp(optarg, "off") == 0 || strcmp(optarg, "auto") == 0 ||
               strcmp(optarg, "always") == 0;
    case 'L':
        options->log_level = strcmp(optarg, "trace") == 0 ? LOG_TRACE : LOG_INFO;
        return true;
    case 'v':
        options->verbose = true;
        return true;
    case 'q':
        options->quiet = true;
        return true;
    case 'y':
        options->stay = true;
        return true;
    default:
        return false;
    }
}

static int parse(int count, char **arguments, struct start_options *options,
                 struct failure *failure) {
    static const struct option known[] = {
        {"state", required_argument, NULL, 's'},
        {"first", required_argument, NULL, 'f'},
        {"policy", required_argument, NULL, 'p'},
        {"segment", required_argument, NULL, 'g'},
        {"log", required_argument, NULL, 'l'},
        {"log-level", required_argument, NULL, 'L'},
        {"mechanism", required_argument, NULL, 'm'},
        {"inline", required_argument, NULL, 'i'},
        {"verbose", no_argument, NULL, 'v'},
        {"quiet", no_argument, NULL, 'q'},
        {"stay", no_argument, NULL, 'y'},
        {NULL, 0, NULL, 0},
    };
    int option;
    opterr = 0;
    /* getopt_long skips the first word, which is the verb here. */
    while ((option = getopt_long(count + 1, arguments - 1, "+", known, NULL)) != -1)
        if (!take_option(options, option))
            return fail(failure, 0, "start: bad option %s", arguments[optind - 2]);
    options->command = arguments + optind - 1;
    options->environment = environ;
    if (options->state_fd >= 0) {
        if (state_read(options->state_fd, &options->view, failure) != 0)
            return -1;
        if ((uint32_t)options->first >= options->view.state->argument_count)
            return fail(failure, 0, "no command given");
        options->command = options->view.arguments + options->first;
        options->environment = options->view.variables;
    }
    if (options->policy_fd < 0 || !options->command[0])
        return fail(failure, 0, "start: needs --policy and a command");
    return 0;
}

static const uint8_t *map_policy(int fd, struct failure *failure) {
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_size <= 0) {
        fail(failure, 0, "descriptor %d holds no compiled policy", fd);
        return NULL;
    }
    uint8_t *blob = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (blob == MAP_FAILED) {
        fail(failure, errno, "cannot read the compiled policy");
        return NULL;
    }
    const char *fault = blob_check(blob, (uint64_t)info.st_size);
    if (fault) {
        fail(failure, 0, "the compiled policy cannot be used: %s", fault);
        return NULL;
    }
    return blob;
}

/* Descriptors that only we need. */
static void close_private(const struct start_options *options) {
    const int private[] = {options->state_fd, options->policy_fd, options->segment_fd,
                           options->log_fd};
    for (size_t i = 0; i < sizeof private / sizeof *private; i++)
        if (private[i] >= 0)
            close(private[i]);
}

/* How calls are to be answered. */
struct way {
    enum mechanism_kind mechanism;
    bool stays; /* as the parent of the command, parent.h */
    struct probe_result probe;
    struct inline_plan plan;
};

static void choose_inline(const struct start_options *options, const uint8_t *policy,
                          struct way *way) {
    const struct inline_wish wish = {
        .when = options->inlined,
        .told = options->log_fd >= 0 && options->log_level == LOG_TRACE,
        .killable = way->probe.killable,
        .below = agent_below(way->mechanism == MECHANISM_NOTIFY, way->mechanism == MECHANISM_TRACE),
    };
    if (strcmp(wish.when, "off") == 0)
        return;
    const char *why = inline_plan_make(policy, &wish, &way->plan);
    /* A parent waits for its children, and might take a stop of ours for theirs. */
    way->plan.beside = !way->stays;
    if (!options->verbose)
        return;
    if (why) {
        remark("inline: off: %s", why);
        return;
    }
    char processor[PROCESSOR_TEXT_SIZE];
    processor_describe(processor);
    remark("inline: %s are answered inside a program after %u stopped calls; %s",
           agent_calls(policy), way->plan.after, processor);
}

static void tell(const struct way *way) {
    const char *name = mechanism_name(way->mechanism);
    if (way->probe.works)
        remark("mechanism %s: %s", name, way->probe.why);
    else
        remark("mechanism %s cannot be used%s: %s", name,
               way->probe.refused && !way->stays ? " in the command's place" : "", way->probe.why);
    if (way->probe.works && way->stays)
        remark("a parent stays: the command has another process id, and this process passes "
               "signals on to it, stops when it stops and ends as it ends");
}

/* In the command's place if that may be: there its process id is the one that was started. */
static void try_mechanism(const struct start_options *options, const uint8_t *policy,
                          struct way *way) {
    way->stays = options->stay;
    for (;;) {
        enum probe_form form = way->stays ? PROBE_ANCESTOR : PROBE_BESIDE;
        if (way->mechanism == MECHANISM_NOTIFY)
            probe_notify(policy, form, &way->probe);
        else
            probe_trace(policy, way->mechanism == MECHANISM_PTRACE, form, &way->probe);
        if (options->verbose)
            tell(way);
        if (way->probe.works || !way->probe.refused || way->stays)
            return;
        way->stays = true;
    }
}

/* Tries the mechanism that was asked for, or with `auto` each of them, best first. */
static int choose(const struct start_options *options, const uint8_t *policy, struct way *way,
                  struct failure *failure) {
    bool automatic = strcmp(options->mechanism, "auto") == 0;
    char reason[sizeof way->probe.why] = "";
    const char *fault = own_proc_fault();
    if (fault)
        return fail(failure, 0, "%s", fault);
    for (int kind = MECHANISM_NOTIFY; kind <= MECHANISM_PTRACE; kind++) {
        const char *name = mechanism_name((enum mechanism_kind)kind);
        if (!automatic && strcmp(options->mechanism, name) != 0)
            continue;
        way->mechanism = (enum mechanism_kind)kind;
        try_mechanism(options, policy, way);
        if (way->probe.works)
            return 0;
        if (kind == MECHANISM_NOTIFY) /* the best one: its reason is the one to tell */
            memcpy(reason, way->probe.why, sizeof reason);
        if (!automatic)
            return fail(failure, 0, "mechanism %s does not work here: %s", name, way->probe.why);
    }
    return fail(failure, 0, "no mechanism works here (%s: %s); `seccomp-spoof doctor` tells more",
                mechanism_name(MECHANISM_NOTIFY), reason);
}

/* These trace programs themselves, and will only hear EPERM. */
static void warn_tracer(const char *command, enum mechanism_kind mechanism) {
    static const char *const tracers[] = {"strace", "ltrace", "gdb", "lldb", "rr", "dlv", "proot"};
    const char *slash = strrchr(command, '/');
    const char *name = slash ? slash + 1 : command;
    for (size_t i = 0; i < sizeof tracers / sizeof *tracers; i++)
        if (strcmp(name, tracers[i]) == 0)
            remark("%s will not be permitted to trace anything: mechanism %s traces all programs "
                   "below it, and the kernel allows one tracer; only --mechanism notify leaves "
                   "room for another",
                   name, mechanism_name(mechanism));
}

/* The socket to the guardian, or -1. Where a parent stays, the command's process goes on here. */
static int start_guardian(const struct start_options *options, const uint8_t *policy,
                          struct way *way, struct failure *failure) {
    if (choose(options, policy, way, failure) != 0)
        return -1;
    if (way->mechanism != MECHANISM_NOTIFY && !options->quiet)
        warn_tracer(options->command[0], way->mechanism);
    choose_inline(options, policy, way);
    const struct guardian_setup setup = {
        .mechanism = way->mechanism,
        .plan = way->plan,
        .probe = way->probe,
        .policy = policy,
        .segment_fd = options->segment_fd,
        .log_fd = options->log_fd,
        .log_level = options->log_level,
    };
    if (!way->stays)
        return guardian_fork(&setup, failure);
    int guardian = parent_stay(&setup, failure);
    return guardian >= 0 && guardian_await(&setup, guardian, failure) == 0 ? guardian : -1;
}

static int install_trace(const uint8_t *policy, const struct way *way, int guardian,
                         struct failure *failure) {
    /* Traced first: a call that is stopped without a tracer gives ENOSYS. */
    int result = guardian_be_traced(guardian, failure);
    close(guardian);
    int error = result == 0 && way->mechanism == MECHANISM_TRACE
                    ? trace_install(blob_header(policy)->calls, way->plan.address)
                    : 0;
    return error == 0 ? result : fail(failure, -error, "cannot install the filter");
}

static int install_notify(const uint8_t *policy, const struct way *way, int guardian,
                          struct failure *failure) {
    int listener =
        notify_install(blob_header(policy)->calls, way->probe.killable, way->plan.address);
    if (listener < 0)
        return fail(failure, -listener, "cannot install the filter");
    int result = guardian_hand_over(guardian, listener, failure);
    close(listener);
    close(guardian);
    return result;
}

static int install(const uint8_t *policy, const struct way *way, int guardian,
                   struct failure *failure) {
    int result = (way->mechanism == MECHANISM_NOTIFY ? install_notify : install_trace)(
        policy, way, guardian, failure);
    if (result == 0 && way->stays)
        parent_restore(way->mechanism);
    return result;
}

/* Replaces this process; execvp(3) searches PATH of the environment that is set. */
static int become(const struct start_options *options) {
    struct failure failure = {0};
    environ = options->environment;
    if (options->state_fd >= 0)
        state_restore_signals(options->view.state);
    execvp(options->command[0], options->command);
    fail(&failure, errno, "cannot run %s", options->command[0]);
    complain(&failure);
    return failure.error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
}

int verb_start(int count, char **arguments) {
    struct failure failure = {0};
    struct start_options options = {.state_fd = -1,
                                    .policy_fd = -1,
                                    .segment_fd = -1,
                                    .log_fd = -1,
                                    .log_level = LOG_INFO,
                                    .mechanism = "auto",
                                    .inlined = "off",
                                    .command = arguments};
    struct way way = {0};
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    /* An ignored SIGCHLD would reap our children for us. */
    struct sigaction child_before;
    const struct sigaction child_default = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &child_default, &child_before);

    const uint8_t *policy = NULL;
    int guardian = -1;
    bool ready = parse(count, arguments, &options, &failure) == 0 &&
                 (policy = map_policy(options.policy_fd, &failure)) != NULL;
    /* With no rule to apply nothing is stopped, and nothing needs a guardian. */
    bool stops = ready && blob_header(policy)->calls != 0;
    if (stops)
        ready = (guardian = start_guardian(&options, policy, &way, &failure)) >= 0;
    if (ready && options.state_fd >= 0)
        ready = state_restore(&options.view, guardian, &failure) == 0;
    else if (ready)
        close_private(&options);
    if (ready && stops)
        ready = install(policy, &way, guardian, &failure) == 0;
    /* Last: the command's own may leave no number for a listener. */
    if (ready && options.state_fd >= 0)
        ready = state_restore_limits(options.view.state, &failure) == 0;
    if (!ready) {
        complain(&failure);
        return STATUS_OUR_FAULT;
    }
    if (options.state_fd < 0) {
        sigaction(SIGCHLD, &child_before, NULL);
        sigprocmask(SIG_SETMASK, &before, NULL);
    }
    return become(&options);
}
