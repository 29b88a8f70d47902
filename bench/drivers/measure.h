/* measure.h - how long one thing takes that a number of threads do over and over. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

struct options {
    const char *directory, *statfs_path, *existing, *missing, *virtual_path;
    const char *content;                 /* of the virtual file; null: not checked */
    const char *table_has, *table_lacks; /* types in the mount table; null: not checked */
    uint64_t type;                       /* that statfs tells; 0: not checked */
    int threads, ms, step;
    int some_file, statfs_file; /* open descriptors, for calls that want one */
};

struct shape {
    const char *name;
    /* One call, or a pair such as open and close: false if it did not end as it should. */
    bool (*call)(const struct options *options);
    /* Is the answer the expected one? Null or a reason. Asked before and after the measurement. */
    const char *(*check)(const struct options *options);
};

/* Prints one line of JSON; false if something failed (the line says what). */
bool measure(const struct shape *shape, const struct options *options);
/* Makes options->step calls for each line of standard input, and prints a line then. */
bool step(const struct shape *shape, const struct options *options);

#endif
