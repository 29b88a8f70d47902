/* answers.c - tells what calls have left in buffers. Rule: what two native runs may say differently
 * is left out, or told by the order in which it was first seen, so that identity is still compared.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "fuzz.h"

struct transcript *the_transcript;

void say(const char *format, ...) {
    struct transcript *to = the_transcript;
    va_list list;
    va_start(list, format);
    size_t room = sizeof to->text - to->used;
    int length = vsnprintf(to->text + to->used, room, format, list);
    va_end(list);
    if (length > 0)
        to->used += (size_t)length < room ? (size_t)length : room - 1;
}

/* FNV-1a, 64 bits. */
uint64_t digest(uint64_t sum, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        sum = (sum ^ bytes[i]) * 1099511628211u;
    return sum;
}

void say_bytes(const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count && i < MOST_SAID; i++) {
        bool plain = bytes[i] > ' ' && bytes[i] < 127 && bytes[i] != '\\';
        say(plain ? "%c" : "\\x%02x", bytes[i]);
    }
    if (count > MOST_SAID)
        say("...%zu:%016llx", count, (unsigned long long)digest(DIGEST_OF_NOTHING, bytes, count));
}

/* The same number for the same file, in the order in which files are seen. */
static size_t known_file(unsigned long device, unsigned long inode) {
    struct transcript *in = the_transcript;
    size_t i = 0;
    /* Files of procfs are made anew, with other numbers. */
    if (device == in->procfs)
        return 9999;
    while (i < in->inodes && (in->seen[i].device != device || in->seen[i].inode != inode))
        i++;
    if (i == in->inodes && i < sizeof in->seen / sizeof *in->seen) {
        in->seen[i].device = device;
        in->seen[i].inode = inode;
        in->inodes++;
    }
    return i;
}

static size_t known_device(unsigned long device) {
    struct transcript *in = the_transcript;
    size_t i = 0;
    while (i < in->devices && in->device[i] != device)
        i++;
    if (i == in->devices && i < sizeof in->device / sizeof *in->device)
        in->device[in->devices++] = device;
    return i;
}

/* In the root of a procfs, which has this number there, each process has a directory. */
static unsigned long links_of(unsigned mode, unsigned long inode, unsigned long links) {
    return S_ISDIR(mode) && inode == 1 ? 0 : links;
}

/* A program that has no right to a directory of procfs is told so by its mode; sizes of directories
 * are the filesystem's.
 */
static void say_stat(const struct stat *is) {
    say(" mode=%o nlink=%lu uid=%u gid=%u size=%ld rdev=%lx blksize=%ld file=%zu dev=%zu",
        is->st_mode, links_of(is->st_mode, is->st_ino, is->st_nlink), is->st_uid, is->st_gid,
        (long)is->st_size, (unsigned long)is->st_rdev, (long)is->st_blksize,
        known_file(is->st_dev, is->st_ino), known_device(is->st_dev));
}

static void say_statx(const struct statx *is) {
    unsigned long device = ((unsigned long)is->stx_dev_major << 32) | is->stx_dev_minor;
    say(" mask=%x attributes=%llx/%llx mode=%o nlink=%lu uid=%u gid=%u size=%llu rdev=%u:%u "
        "blksize=%u",
        is->stx_mask, (unsigned long long)is->stx_attributes,
        (unsigned long long)is->stx_attributes_mask, is->stx_mode,
        links_of(is->stx_mode, is->stx_ino, is->stx_nlink), is->stx_uid, is->stx_gid,
        (unsigned long long)is->stx_size, is->stx_rdev_major, is->stx_rdev_minor, is->stx_blksize);
    /* stat(2) writes the device in another form. */
    device = ((unsigned long)is->stx_dev_major << 8) | is->stx_dev_minor;
    say(" file=%zu dev=%zu", known_file(device, is->stx_ino), known_device(device));
}

static int by_name(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Sorted: the order is the filesystem's. */
static void say_listing(const unsigned char *buffer, long size) {
    struct entry {
        uint64_t inode;
        int64_t next;
        uint16_t length;
        unsigned char type;
        char name[];
    };
    const char *names[512];
    size_t count = 0;
    for (long at = 0; at < size && count < 512;) {
        const struct entry *entry = (const struct entry *)(buffer + at);
        names[count++] = entry->name;
        at += entry->length;
    }
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        say(" ");
        say_bytes((const unsigned char *)names[i], strlen(names[i]));
        say("/%u", ((const unsigned char *)names[i])[-1]);
    }
}

/* From there on nothing may have been written. */
static void say_rest(const unsigned char *buffer, size_t from, size_t room) {
    for (size_t i = from; i < room; i++)
        if (buffer[i] != 0xa5) {
            say(" and-behind-it@%zu", i);
            return;
        }
}

void say_answer(enum kind kind, const unsigned char *buffer, size_t room, long result) {
    size_t size = 0;
    bool good = result >= 0;
    switch (kind) {
    case NOTHING:
        return;
    case STAT:
        size = sizeof(struct stat);
        if (good && room >= size)
            say_stat((const struct stat *)buffer);
        break;
    case STATX:
        size = sizeof(struct statx);
        if (good && room >= size)
            say_statx((const struct statx *)buffer);
        break;
    case STATFS: {
        const struct statfs *is = (const struct statfs *)buffer;
        size = sizeof *is;
        if (!good || room < size)
            break;
        say(" type=%lx bsize=%ld namelen=%ld frsize=%ld flags=%lx blocks=%s",
            (unsigned long)is->f_type, (long)is->f_bsize, (long)is->f_namelen, (long)is->f_frsize,
            (unsigned long)is->f_flags, is->f_blocks ? "some" : "0");
        unsigned long id;
        memcpy(&id, &is->f_fsid, sizeof id);
        say(" id=%zu", known_device(id ^ 1ul << 63));
        break;
    }
    case UNAME: {
        const struct utsname *is = (const struct utsname *)buffer;
        size = sizeof *is;
        if (!good || room < size)
            break;
        say(" %s release=%s version=", is->sysname, is->release);
        say_bytes((const unsigned char *)is->version, strlen(is->version));
        say(" %s", is->machine);
        break;
    }
    case SYSINFO: {
        const struct sysinfo *is = (const struct sysinfo *)buffer;
        size = sizeof *is;
        if (good && room >= size)
            say(" totalram=%llu unit=%u", (unsigned long long)is->totalram * is->mem_unit,
                is->mem_unit);
        break;
    }
    case PAIR:
        size = 2 * sizeof(int);
        if (good && room >= size)
            say(" %d %d", ((const int *)buffer)[0], ((const int *)buffer)[1]);
        break;
    case BYTES:
    case STRING:
        size = good ? (size_t)result : 0;
        if (size > room)
            size = room;
        say(" ");
        say_bytes(buffer, size);
        break;
    case NAMES: /* of attributes: in the filesystem's order */
        size = good && (size_t)result <= room ? (size_t)result : 0;
        for (size_t at = 0; at < size; at += strlen((const char *)buffer + at) + 1)
            say(" %s", buffer + at);
        break;
    case LISTING:
        size = good && (size_t)result <= room ? (size_t)result : 0;
        say_listing(buffer, (long)size);
        return;
    }
    /* Half of its numbers, which may look like what was there before. */
    if (kind != SYSINFO || good)
        say_rest(buffer, good ? size : 0, room);
}
