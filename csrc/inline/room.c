/* room.c - reads /proc/TID/maps and the headers of ELF files in memory.
 * Rule: both are a stranger's: what they say is only where to look. The loader fills a segment of
 * code up to its end, and maps whole pages, so that what lies behind it is nobody's. */
#include "room.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tracee/memory.h"
#include "../tracee/server.h"
#include "agent.h"

#define MOST_LINES 65536 /* vm.max_map_count */
#define MOST_SEGMENTS 32
#define RIGHTS 4        /* letters */
#define ALIGNMENT 16ULL /* of rooms */

struct mapping {
    uint64_t begin, end, offset, inode;
    char rights[RIGHTS + 1];
};

static bool has_code(const struct mapping *mapping) {
    return strcmp(mapping->rights, "r-xp") == 0;
}

/* A number, and the sign behind it. */
static bool read_number(const char **line, int base, char behind, uint64_t *number) {
    char *end;
    *number = strtoull(*line, &end, base);
    const bool is_there = end != *line && *end == behind;
    *line = end + is_there;
    return is_there;
}

/* Not by sscanf(), which takes as long as the kernel does to make the line. */
static bool read_line(const char *line, struct mapping *mapping) {
    uint64_t device;
    char *end;
    if (!read_number(&line, 16, '-', &mapping->begin) ||
        !read_number(&line, 16, ' ', &mapping->end) || strnlen(line, RIGHTS + 1) <= RIGHTS)
        return false;
    memcpy(mapping->rights, line, RIGHTS);
    mapping->rights[RIGHTS] = '\0';
    line += RIGHTS + 1;
    if (!read_number(&line, 16, ' ', &mapping->offset) || !read_number(&line, 16, ':', &device) ||
        !read_number(&line, 16, ' ', &device))
        return false;
    mapping->inode = strtoull(line, &end, 10);
    return end != line;
}

/* Calls `visit` for each mapping until it says false; `first`: the first one of the same file.
 * False: it did, or not all could be read. */
static bool each_mapping(const struct stopped_call *call,
                         bool (*visit)(void *context, const struct mapping *mapping,
                                       const struct mapping *first),
                         void *context) {
    char name[64], line[512];
    struct mapping mapping, first = {0}, exchanged = {0};
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
        /* The parts of a file follow each other; the first one has its begin. Or the page of ours
         * that stands there now has a copy of it. */
        if (mapping.inode != 0 && mapping.offset == 0)
            first = mapping;
        else if (mapping.inode != 0 && mapping.begin - mapping.offset == exchanged.begin)
            first = exchanged;
        else if (mapping.inode == 0 && has_code(&mapping))
            exchanged = mapping;
        goes_on = visit(context, &mapping, &first);
    }
    const bool whole = goes_on && !ferror(maps) && lines > 0 && lines < MOST_LINES;
    fclose(maps);
    return whole;
}

/* ---- what a file's header says ---- */

struct header {
    uint64_t distance; /* from addresses in the file to those in memory */
    Elf64_Phdr segments[MOST_SEGMENTS];
    int count;
};

/* `begin`: where the file's own begin is mapped. */
static bool read_header(int memory, uint64_t begin, struct header *header) {
    Elf64_Ehdr head;
    if (begin == 0 || pread(memory, &head, sizeof head, (off_t)begin) != (ssize_t)sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
        head.e_phentsize != sizeof *header->segments || head.e_phnum > MOST_SEGMENTS ||
        head.e_phoff > AGENT_PAGE)
        return false;
    header->count = head.e_phnum;
    const size_t size = head.e_phnum * sizeof *header->segments;
    if (pread(memory, header->segments, size, (off_t)(begin + head.e_phoff)) != (ssize_t)size)
        return false;
    for (int i = 0; i < header->count; i++)
        if (header->segments[i].p_type == PT_LOAD) {
            header->distance = begin - header->segments[i].p_vaddr + header->segments[i].p_offset;
            return true;
        }
    return false;
}

static bool is_code_segment(const Elf64_Phdr *segment) {
    return segment->p_type == PT_LOAD && (segment->p_flags & PF_X) && !(segment->p_flags & PF_W) &&
           segment->p_filesz == segment->p_memsz;
}

/* A page of it may be another one than the file's by now (attach.h), which has no file. */
static bool set_room(const struct stopped_call *call, int memory, uint64_t begin, uint64_t code,
                     struct room *room) {
    struct header header;
    if (call->server->always_receives && begin != 0 &&
        !memory_is_present(call->tid, begin, AGENT_PAGE)) {
        room->absent = begin;
        return false;
    }
    if (!read_header(memory, begin, &header))
        return false;
    for (int i = 0; i < header.count; i++) {
        const Elf64_Phdr *segment = &header.segments[i];
        const uint64_t start = header.distance + segment->p_vaddr;
        const uint64_t behind = start + segment->p_filesz;
        if (!is_code_segment(segment) || code < start || code >= behind)
            continue;
        room->is_code = true;
        room->behind = behind;
        room->first = (behind + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
        room->end = (behind + AGENT_PAGE - 1) & ~(AGENT_PAGE - 1ULL);
        return true;
    }
    return false;
}

/* ---- mappings ---- */

static bool holds(const struct mapping *mapping, uint64_t address) {
    return address >= mapping->begin && address < mapping->end;
}

struct search {
    const struct stopped_call *call;
    int memory;
    uint64_t code, page;
    bool has_room; /* room->first is mapped as code */
    struct room *room;
};

static bool has_page(const struct mapping *mapping, uint64_t page) {
    return mapping->begin <= page && mapping->end >= page + AGENT_PAGE;
}

/* The copy comes and goes, so it may be one mapping, or more. */
static void take_region(const struct mapping *mapping, uint64_t page, struct room *room) {
    const bool ours = mapping->inode == 0 && has_code(mapping) && mapping->begin >= page &&
                      mapping->end <= page + AGENT_REGION;
    if (mapping->begin < page + AGENT_SIZE) {
        room->page_is_free = false;
        room->page_is_ours = ours && mapping->begin == page && mapping->end >= page + AGENT_SIZE;
    }
    room->has_copy = room->has_copy || (ours && has_page(mapping, agent_copy(page)));
    room->has_detour = room->has_detour || (ours && has_page(mapping, agent_detour(page)));
}

static bool take(void *context, const struct mapping *mapping, const struct mapping *first) {
    struct search *search = context;
    struct room *room = search->room;
    const uint64_t page = search->page;
    if (mapping->begin < page + AGENT_REGION && mapping->end > page)
        take_region(mapping, page, room);
    if (holds(mapping, search->code) && has_code(mapping)) {
        room->begin = mapping->begin;
        room->mapped_to = mapping->end;
        room->offset = mapping->offset;
        room->is_exchanged = mapping->inode == 0;
        if (!set_room(search->call, search->memory, first->begin, search->code, room) &&
            room->is_exchanged)
            set_room(search->call, search->memory, mapping->begin, search->code, room);
    }
    if (room->is_code && holds(mapping, room->first) && has_code(mapping))
        search->has_room = true;
    return true;
}

bool room_find(const struct stopped_call *call, int memory, uint64_t code, uint64_t page,
               struct room *room) {
    struct search search = {call, memory, code, page, false, room};
    *room = (struct room){.page_is_free = true};
    const bool found = each_mapping(call, take, &search);
    if (!search.has_room)
        room->first = room->end = 0;
    return found;
}

struct visit {
    const struct stopped_call *call;
    int memory;
    room_visitor *visitor;
    void *context;
};

static bool visit_code(void *context, const struct mapping *mapping, const struct mapping *first) {
    const struct visit *visit = context;
    struct room room = {.is_code = false};
    if (!has_code(mapping) ||
        !set_room(visit->call, visit->memory, first->begin, mapping->begin, &room))
        return true;
    return visit->visitor(visit->context, &room);
}

bool room_each(const struct stopped_call *call, int memory, room_visitor *visitor, void *context) {
    struct visit visit = {call, memory, visitor, context};
    return each_mapping(call, visit_code, &visit);
}
