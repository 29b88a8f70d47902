/* Linked into the sanitizer builds of .ci/run: guardian and worker have no standard error, so what
 * the sanitizers find goes into files. Leaks are not looked for: that needs ptrace, and all of the
 * programs are meant to end by _exit or execve. The guardian makes its worker by fork(3) while a
 * thread of its own writes the log: ThreadSanitizer is told to bear with that. */
#define OPTIONS "log_path=" SANITIZER_LOG ":print_stacktrace=1"

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void) {
    return OPTIONS ":detect_leaks=0";
}

const char *__ubsan_default_options(void) {
    return OPTIONS;
}

const char *__tsan_default_options(void) {
    return OPTIONS ":die_after_fork=0:report_signal_unsafe=0:exitcode=0";
}
