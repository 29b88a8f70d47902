/* told.c - the program in the images of docs/containers.md: prints what it is told of /dev,
 * also by a descriptor, and what a file that it is given holds. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

int main(int count, char **words) {
    struct statfs filesystem, opened;
    char line[4096], point[256], type[64];
    if (statfs("/dev", &filesystem) != 0)
        return perror("/dev"), 1;
    int fd = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstatfs(fd, &opened) != 0)
        return perror("/dev"), 1;
    if (opened.f_type != filesystem.f_type)
        return fprintf(stderr, "fstatfs %lx\n", (unsigned long)opened.f_type), 1;
    printf("statfs %lx\n", (unsigned long)filesystem.f_type);
    FILE *table = fopen("/proc/self/mounts", "re");
    if (!table)
        return perror("/proc/self/mounts"), 1;
    while (fgets(line, sizeof line, table))
        if (sscanf(line, "%*s %255s %63s", point, type) == 2 && strcmp(point, "/dev") == 0)
            printf("mounts %s\n", type);
    fclose(table);
    FILE *file = count > 1 ? fopen(words[1], "re") : NULL;
    if (file && fgets(line, sizeof line, file))
        printf("made %s", line);
    if (file)
        fclose(file);
    return 0;
}
