/* restrict HOW FILE... - restricts itself by Landlock, so that no other file can be opened any more, then
 * opens each FILE for reading and for writing, and says what comes of it. HOW: `here`; `child`, by a
 * child; `orphan`, by a child whose parent is gone; `adopted`, by one whose parent is an older process
 * now; `sibling`, by one that it gives to its own parent; `thread`, by another thread than the first;
 * `exec`, by the program that it becomes. `before`: by a child that is older than the restriction of its
 * parent, and has none; `later`: by one whose parent had a restricted child before. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char **files;

static void restrict_self(void) {
    const struct landlock_ruleset_attr all = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE |
                                                                   LANDLOCK_ACCESS_FS_WRITE_FILE};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    /* But for the program itself, which it is to become. */
    const struct landlock_path_beneath_attr own = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
        .parent_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC),
    };
    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &own, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (ruleset < 0 || syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        _exit(77);
    close(ruleset);
}

static void try(const char *file, int flags) {
    char text[32] = {0};
    int fd = open(file, flags);
    if (fd < 0)
        printf("%s ", errno == EACCES ? "EACCES" : strerror(errno));
    else if (flags == O_RDONLY)
        printf("%.*s ", (int)(read(fd, text, 30) - 1), text);
    else
        printf("%s ", write(fd, "bad\n", 4) == 4 ? "written" : "open");
    if (fd >= 0)
        close(fd);
}

static void *try_all(void *argument) {
    for (char **file = files; *file; file++) {
        try(*file, O_RDONLY);
        try(*file, O_WRONLY);
    }
    puts("");
    fflush(stdout);
    return argument;
}

static void *restrict_and_try(void *argument) {
    restrict_self();
    return try_all(argument);
}

int main(int argc, char **argv) {
    const char *how = argc > 2 ? argv[1] : "";
    int go[2], done[2], status = 0;
    char byte;
    pthread_t thread;
    files = argv + 2;
    /* The kernel tells in hundredths of a second when a process has begun: hence the naps. */
    if (strcmp(how, "here") == 0) {
        restrict_and_try(NULL);
    } else if (strcmp(how, "thread") == 0) {
        return pthread_create(&thread, NULL, restrict_and_try, NULL) != 0 ||
               pthread_join(thread, NULL) != 0;
    } else if (strcmp(how, "exec") == 0) {
        restrict_self();
        argv[1] = "now";
        return execv("/proc/self/exe", argv) != 0;
    } else if (strcmp(how, "now") == 0) {
        try_all(NULL);
    } else if (pipe(go) != 0 || pipe(done) != 0) {
        return 2;
    } else if (strcmp(how, "before") == 0) {
        if (fork() == 0) {
            if (read(go[0], &byte, 1) == 1)
                try_all(NULL);
            _exit(0);
        }
        usleep(30000);
        restrict_self();
        if (write(go[1], "g", 1) != 1)
            return 2;
        wait(&status);
    } else if (strcmp(how, "sibling") == 0 || strcmp(how, "later") == 0) {
        const bool sibling = how[0] == 's';
        usleep(30000);
        if (fork() == 0) {
            restrict_self();
            usleep(30000);
            if (sibling && syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0)
                try_all(NULL);
            _exit(0);
        }
        wait(&status);
        if (!sibling && fork() == 0) {
            usleep(30000);
            try_all(NULL);
            _exit(0);
        }
        while (wait(&status) > 0)
            ;
    } else {
        const bool adopted = strcmp(how, "adopted") == 0;
        if (adopted && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
            return 2;
        usleep(30000);
        if (adopted && fork() != 0) {
            close(done[1]);
            while (wait(&status) > 0)
                ;
            return 0;
        }
        restrict_self();
        if (fork() == 0) {
            close(done[0]);
            const pid_t parent = getpid();
            const bool orphan = adopted || strcmp(how, "orphan") == 0;
            if (orphan && fork() != 0)
                _exit(0);
            while (orphan && getppid() == parent)
                usleep(1000);
            try_all(NULL);
            _exit(0);
        }
        close(done[1]);
        wait(&status);
        if (read(done[0], &byte, 1) != 0) /* until the last one has ended */
            return 2;
    }
    return 0;
}
