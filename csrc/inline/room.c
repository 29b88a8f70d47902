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
#define ALIGNMENT 16ULL /* of rooms */

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

/* Calls `visit` for each mapping until it says false; `first`: the first one of the same file.
 * False: it did, or not all could be read. */
static bool each_mapping(const struct stopped_call *call,
                         bool (*visit)(void *context, const struct mapping *mapping,
                                       const struct mapping *first),
                         void *context) {
    char name[64], line[512];
    struct mapping mapping, first = {0};
    bool begins = true, goes_on = true;
    int lines = 0;
    snprintf(name, sizeof name, "%d/maps", call->tid);
    const int fd = openat(call->server->context->proc, name, O_RDONLY | O_CLOEXEC);
    FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
    if (!maps) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    while (goes_on && lines < MOST_LINES && fgets(line, sizeof line, maps)) {
        const bool is_first = begins; /* of the pieces of a line with a long name */
        begins = strchr(line, '\n') != NULL;
        if (!is_first || !read_line(line, &mapping))
            continue;
        lines++;
        /* The parts of a file follow each other; the first one has its begin. */
        if (mapping.inode != 0 && mapping.offset == 0)
            first = mapping;
        goes_on = visit(context, &mapping, &first);
    }
    const bool whole = goes_on && !ferror(maps) && lines > 0 && lines < MOST_LINES;
    fclose(maps);
    return whole;
}

static bool is_code(const struct mapping *mapping) {
    return mapping->inode != 0 && strcmp(mapping->rights, "r-xp") == 0;
}

static void set_code(struct room *room, const struct mapping *mapping,
                     const struct mapping *first) {
    room->begin = mapping->begin;
    room->end = mapping->end;
    room->offset = mapping->offset;
    room->file = is_same_file(mapping, first) ? first->begin : 0;
}

struct search {
    uint64_t code, page;
    struct room *room;
};

static bool take(void *context, const struct mapping *mapping, const struct mapping *first) {
    const struct search *search = context;
    struct room *room = search->room;
    const uint64_t page = search->page;
    if (mapping->begin < page + AGENT_PAGE && mapping->end > page) {
        room->page_is_free = false;
        room->page_is_ours = mapping->begin == page && mapping->end == page + AGENT_PAGE &&
                             mapping->inode == 0 && strcmp(mapping->rights, "r-xp") == 0;
    }
    if (search->code >= mapping->begin && search->code < mapping->end && is_code(mapping))
        set_code(room, mapping, first);
    return true;
}

bool room_find(const struct stopped_call *call, uint64_t code, uint64_t page, struct room *room) {
    struct search search = {code, page, room};
    *room = (struct room){.page_is_free = true};
    return each_mapping(call, take, &search);
}

struct visit {
    room_visitor *visitor;
    void *context;
};

static bool visit_code(void *context, const struct mapping *mapping, const struct mapping *first) {
    const struct visit *visit = context;
    struct room room = {.begin = 0};
    if (!is_code(mapping))
        return true;
    set_code(&room, mapping, first);
    return visit->visitor(visit->context, &room);
}

bool room_each(const struct stopped_call *call, room_visitor *visitor, void *context) {
    struct visit visit = {visitor, context};
    return each_mapping(call, visit_code, &visit);
}

/* Behind the bytes of the file; 0: not known. */
static uint64_t behind_file(int memory, const struct room *room) {
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

uint64_t room_first(int memory, const struct room *room) {
    const uint64_t behind = behind_file(memory, room);
    return behind == 0 ? 0 : (behind + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}
