/* Linked into the sanitizer build of .ci/run: guardian and worker have no standard error, so what
 * the sanitizers find goes into files. Leaks are not looked for: that needs ptrace, and all of the
 * programs are meant to end by _exit or execve. */
#define OPTIONS "log_path=" SANITIZER_LOG ":detect_leaks=0:print_stacktrace=1"

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void) {
    return OPTIONS;
}

const char *__ubsan_default_options(void) {
    return OPTIONS;
}
