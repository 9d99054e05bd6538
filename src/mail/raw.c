/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/raw.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static uint64_t word_at(const char *octets)
{
    uint64_t word;

    memcpy(&word, octets, sizeof word);
    return word;
}

/* Fletcher's sum over words, four side by side (named one by one, which compilers do well with):
 * accidents are to be noticed, at the speed of memory. Blocks are to be cut at the same places each
 * time. */
static uint64_t add_to_sum(uint64_t sum, struct slice s)
{
    uint64_t a = sum, b = 0, c = 0, d = 0;
    uint64_t sum_a = 0, sum_b = 0, sum_c = 0, sum_d = 0;
    size_t i = 0;

    for (; i + 32 <= s.len; i += 32) {
        a += word_at(s.data + i);
        b += word_at(s.data + i + 8);
        c += word_at(s.data + i + 16);
        d += word_at(s.data + i + 24);
        sum_a += a;
        sum_b += b;
        sum_c += c;
        sum_d += d;
    }
    for (; i < s.len; i++) {
        a += (unsigned char)s.data[i];
        sum_a += a;
    }
    return a + 3 * b + 5 * c + 7 * d + 11 * sum_a + 13 * sum_b + 17 * sum_c + 19 * sum_d;
}

void raw_init(struct raw *f)
{
    *f = (struct raw){0};
    spill_init(&f->file, 0, NULL);
}

bool raw_adopt(struct raw *f, int fd, uint64_t least, bool dot_ends)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || (uint64_t)info.st_size <= least)
        return false;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at < 0 || at > info.st_size || (uint64_t)(info.st_size - at) <= least ||
        lseek(fd, info.st_size, SEEK_SET) < 0)
        return false;
    spill_adopt(&f->file, fd, (uint64_t)at, (uint64_t)(info.st_size - at));
    f->dot_ends = dot_ends;
    return true;
}

static bool read_block(const struct raw *f, uint64_t *offset, char *block, struct slice *bytes,
                       struct err *e)
{
    return spill_read(&f->file, offset, block, bytes, e) ||
           err_wrap(e, "the file that the message is in");
}

bool raw_look(struct raw *f, uint64_t *offset, char *block, struct slice *bytes, struct err *e)
{
    if (!read_block(f, offset, block, bytes, e))
        return false;
    if (bytes->len)
        f->sum = add_to_sum(f->sum, *bytes);
    return true;
}

void raw_end(struct raw *f, uint64_t offset)
{
    spill_adopt(&f->file, f->file.fd, f->file.start, offset);
}

static void begin(const struct raw *f, struct raw_reader *r)
{
    r->block = mem_resize(NULL, LIMIT_BLOCK, 1);
    r->skip = f->header;
    wire_in_init(&r->wire, f->dot_ends);
    r->wire.is_known = true;
    buf_init(&r->text, 3 * LIMIT_BLOCK + 6);
}

static void drop_header(struct raw_reader *r)
{
    size_t count = r->skip < r->text.len ? (size_t)r->skip : r->text.len;

    r->skip -= count;
    buf_drop(&r->text, count);
}

/* One block more behind what is ready. */
static bool refill(const struct raw *f, struct raw_reader *r, struct err *e)
{
    struct slice bytes;

    if (!r->block)
        begin(f, r);
    if (!read_block(f, &r->offset, r->block, &bytes, e))
        return false;
    r->sum = add_to_sum(r->sum, bytes);
    buf_drop(&r->text, r->used);
    r->used = 0;
    wire_in_put(&r->wire, bytes, &r->text);
    r->is_done = r->offset == f->file.size;
    if (r->is_done)
        wire_in_end(&r->wire, &r->text);
    if (r->is_done && r->sum != f->sum)
        return err_set(e, ERR_IO, "the file that the message is in was changed while it was sent");
    drop_header(r);
    return true;
}

bool raw_next(const struct raw *f, struct raw_reader *r, size_t max, struct slice *bytes,
              struct err *e)
{
    size_t least = max < LIMIT_BLOCK ? max : LIMIT_BLOCK;

    while (r->text.len - r->used < least && !r->is_done)
        if (!refill(f, r, e))
            return false;
    struct slice ready = slice_from(buf_slice(&r->text), r->used);
    size_t len = ready.len < max ? ready.len : max;
    /* What is left has to be moved: it is to be little. */
    if (len < max && !r->is_done)
        len -= len % RAW_PIECE;
    *bytes = slice_make(ready.data, len);
    r->used += len;
    return true;
}

void raw_reader_clear(struct raw_reader *r)
{
    free(r->block);
    buf_clear(&r->text);
    *r = (struct raw_reader){0};
}
