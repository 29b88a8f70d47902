/* automount here|apart - autofs points, served by this program itself through the pipe of
 * autofs(5). Looking at one without triggering it says autofs; statfs triggers it and says what was
 * mounted. The serving process asks too, in the middle of serving: whoever waits for it must not
 * block it. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/auto_fs4.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct point {
    const char *path;
    const char *kind;
    int pipe[2];
    int ioctl_fd;
};

static struct point points[] = {{.path = "indirect", .kind = "indirect"},
                                {.path = "direct", .kind = "direct"}};
enum { POINTS = 2 };

static void attach(struct point *point) {
    make_directory(point->path, 0755);
    must(pipe2(point->pipe, O_CLOEXEC), "pipe");
    char options[256];
    snprintf(options, sizeof options, "fd=%d,pgrp=%d,minproto=5,maxproto=5,%s", point->pipe[1],
             getpgrp(), point->kind);
    may(mount("subject", point->path, "autofs", 0, options), "mount of autofs");
    point->ioctl_fd = open_or_die(point->path, O_RDONLY | O_DIRECTORY);
}

/* Until the daemon has said READY, looking at a point without a trigger says autofs: such a call is
 * let run (documented limit), so its type is no matter. Its result and its end are. */
static void say_result(const char *label, const char *path) {
    struct answer answer = ask_path(path);
    print("%s ret=%ld errno=%d", label, answer.ret, answer.error);
}

/* One request of the kernel: mount, or say that there is nothing of this name. */
static void serve(struct point *point) {
    union autofs_v5_packet_union packet;
    ssize_t got = read(point->pipe[0], &packet, sizeof packet.v5_packet);
    if (got != (ssize_t)sizeof packet.v5_packet)
        die("read a request");
    const struct autofs_v5_packet *request = &packet.v5_packet;
    bool direct = packet.hdr.type == autofs_ptype_missing_direct;
    bool known = direct || strncmp(request->name, "key", 3) == 0;
    if (known) { /* of unknown names it may be asked more than once */
        print("  server: asked for %s", direct ? "the point" : request->name);
        say_path("  server: tree/file", "tree/file");
        say_path("  server: the point itself", point->path);
        say_fd("  server: its descriptor", point->ioctl_fd);
        char target[300];
        snprintf(target, sizeof target, "%s/%s", point->path, direct ? "" : request->name);
        if (!direct)
            must(mkdir(target, 0755), "mkdir of a key");
        must(mount("none", target, strstr(request->name, "proc") ? "proc" : "tmpfs", 0, NULL),
             "mount of a key");
        say_result("  server: what was mounted", target);
    }
    must(ioctl(point->ioctl_fd, known ? AUTOFS_IOC_READY : AUTOFS_IOC_FAIL,
               request->wait_queue_token),
         "answer");
}

static void client(void) {
    static const char *const paths[] = {
        "indirect",       "indirect/",         "indirect/.",       "indirect/none",
        "indirect/key-1", "indirect/key-1/.",  "indirect/key-2/x", "indirect/key-proc/version",
        "indirect/none",  "indirect/key-3/..", "direct",           "direct/.",
        "direct/..",
    };
    struct stat info;
    say_open("look without a trigger: indirect", "indirect", O_PATH);
    say_open("look without a trigger: direct", "direct", O_PATH);
    must(lstat("direct", &info), "lstat");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char label[128];
        snprintf(label, sizeof label, "client, first: %s", paths[i]);
        say_result(label, paths[i]);
        snprintf(label, sizeof label, "client, again: %s", paths[i]);
        say_path(label, paths[i]);
    }
    say_result("client, first: absolute", absolute("indirect/key-4"));
    say_path("client, again: absolute", absolute("indirect/key-4"));
    say_result("client, first: through cwd", "/proc/self/cwd/indirect/key-5");
    say_path("client, again: through cwd", "/proc/self/cwd/indirect/key-5");
    say_open("client: opened", "indirect/key-6", O_RDONLY | O_DIRECTORY);
    say_open("client: O_PATH", "indirect/key-7", O_PATH);
    say_path("client: after O_PATH", "indirect/key-7");
}

int main(int argc, char **argv) {
    if (argc != 2)
        die("usage: automount here|apart");
    bool apart = strcmp(argv[1], "apart") == 0;
    if (apart)
        private_mounts();
    make_sample_tree();
    for (int i = 0; i < POINTS; i++)
        attach(&points[i]);
    int life[2]; /* readable end of file when the client is gone */
    must(pipe2(life, O_CLOEXEC), "pipe");
    pid_t pid = (pid_t)must(fork(), "fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(life[0]);
        /* The kernel triggers nothing for members of the server's own process group. */
        must(setpgid(0, 0), "setpgid");
        client();
        _exit(0);
    }
    close(life[1]);
    for (;;) {
        struct pollfd polled[] = {{.fd = points[0].pipe[0], .events = POLLIN},
                                  {.fd = points[1].pipe[0], .events = POLLIN},
                                  {.fd = life[0], .events = POLLIN}};
        must(poll(polled, 3, -1), "poll");
        for (int i = 0; i < POINTS; i++)
            if (polled[i].revents & POLLIN)
                serve(&points[i]);
        if (polled[2].revents != 0)
            break;
    }
    reap(pid, "client");
    for (int i = 0; i < POINTS; i++) {
        char path[64];
        snprintf(path, sizeof path, "after: %s", points[i].path);
        say_path(path, points[i].path);
        ioctl(points[i].ioctl_fd, AUTOFS_IOC_CATATONIC, 0);
        close(points[i].ioctl_fd);
        while (!apart && umount2(points[i].path, MNT_DETACH) == 0)
            continue;
    }
    return 0;
}
