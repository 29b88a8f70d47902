/* room.c - reads /proc/TID/maps and the headers of an ELF file in memory.
 * Rule: both are a stranger's: what they say is only where to look. The loader fills a segment of
 * code up to its end, and maps whole pages, so that what lies behind it is nobody's. */
#include "room.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../tracee/server.h"
#include "agent.h"

#define MOST_LINES 65536 /* vm.max_map_count */
#define MOST_SEGMENTS 32

struct mapping {
    uint64_t begin, end, offset, device, inode;
    char rights[8];
};

static bool read_line(const char *line, struct mapping *mapping) {
    unsigned major = 0, minor = 0;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64, &mapping->begin,
               &mapping->end, mapping->rights, &mapping->offset, &major, &minor,
               &mapping->inode) != 7)
        return false;
    mapping->device = makedev(major, minor);
    return true;
}

static bool is_same_file(const struct mapping *one, const struct mapping *other) {
    return one->inode == other->inode && one->device == other->device;
}

static void take(const struct mapping *mapping, const struct mapping *first, uint64_t code,
                 uint64_t page, struct room *room) {
    if (mapping->begin < page + AGENT_PAGE && mapping->end > page) {
        room->page_is_free = false;
        room->page_is_ours = mapping->begin == page && mapping->end == page + AGENT_PAGE &&
                             mapping->inode == 0 && strcmp(mapping->rights, "r-xp") == 0;
    }
    if (code < mapping->begin || code >= mapping->end || mapping->inode == 0 ||
        strcmp(mapping->rights, "r-xp") != 0)
        return;
    room->begin = mapping->begin;
    room->end = mapping->end;
    room->offset = mapping->offset;
    room->device = mapping->device;
    room->inode = mapping->inode;
    room->file = is_same_file(mapping, first) ? first->begin : 0;
}

bool room_find(const struct stopped_call *call, uint64_t code, uint64_t page, struct room *room) {
    char name[64], line[512];
    struct mapping mapping, first = {0};
    bool begins = true;
    int lines = 0;
    snprintf(name, sizeof name, "%d/maps", call->tid);
    const int fd = openat(call->server->context->proc, name, O_RDONLY | O_CLOEXEC);
    FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
    *room = (struct room){.page_is_free = true};
    if (!maps) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    while (lines < MOST_LINES && fgets(line, sizeof line, maps)) {
        const bool is_first = begins; /* of the pieces of a line with a long name */
        begins = strchr(line, '\n') != NULL;
        if (!is_first || !read_line(line, &mapping))
            continue;
        lines++;
        /* The parts of a file follow each other; the first one has its begin. */
        if (mapping.inode != 0 && mapping.offset == 0)
            first = mapping;
        take(&mapping, &first, code, page, room);
    }
    const bool whole = !ferror(maps) && lines > 0 && lines < MOST_LINES;
    fclose(maps);
    return whole;
}

uint64_t room_behind(int memory, const struct room *room) {
    Elf64_Ehdr head;
    Elf64_Phdr segments[MOST_SEGMENTS];
    if (room->file == 0 ||
        pread(memory, &head, sizeof head, (off_t)room->file) != (ssize_t)sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
        head.e_phentsize != sizeof *segments || head.e_phnum > MOST_SEGMENTS ||
        head.e_phoff > AGENT_PAGE)
        return 0;
    const size_t size = head.e_phnum * sizeof *segments;
    if (pread(memory, segments, size, (off_t)(room->file + head.e_phoff)) != (ssize_t)size)
        return 0;
    for (int i = 0; i < head.e_phnum; i++) {
        const Elf64_Phdr *segment = &segments[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || (segment->p_flags & PF_W) ||
            segment->p_filesz != segment->p_memsz ||
            segment->p_offset - segment->p_offset % AGENT_PAGE != room->offset)
            continue;
        const uint64_t behind = room->begin + segment->p_offset % AGENT_PAGE + segment->p_filesz;
        return behind > room->begin && behind <= room->end && room->end - behind < AGENT_PAGE
                   ? behind
                   : 0;
    }
    return 0;
}
