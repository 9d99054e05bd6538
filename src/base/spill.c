/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/spill.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"

void spill_init(struct spill *s, size_t memory_limit, const char *directory)
{
    *s = (struct spill){.directory = directory, .fd = -1};
    buf_init(&s->memory, memory_limit);
}

void spill_clear(struct spill *s)
{
    buf_clear(&s->memory);
    if (s->fd >= 0 && !s->borrowed)
        close(s->fd);
    s->fd = -1;
    s->borrowed = false;
    s->start = 0;
    s->in_file = 0;
    s->size = 0;
}

void spill_adopt(struct spill *s, int fd, uint64_t start, uint64_t size)
{
    s->fd = fd;
    s->borrowed = true;
    s->start = start;
    s->in_file = size;
    s->size = size;
}

static bool put_to_file(struct spill *s, struct slice bytes, struct err *e)
{
    if (s->fd < 0 && !file_unnamed(s->directory, &s->fd, e))
        return false;
    if (!file_write(s->fd, bytes, e))
        return err_wrap(e, "cannot keep the message in %s", s->directory);
    s->in_file += bytes.len;
    return true;
}

bool spill_put(struct spill *s, struct slice bytes, struct err *e)
{
    s->size += bytes.len;
    while (bytes.len > s->memory.max - s->memory.len) {
        /* Filled up first: file systems like to be written at even places. */
        size_t used = s->memory.max - s->memory.len;
        buf_put(&s->memory, bytes.data, used);
        bytes = slice_from(bytes, used);
        if (!put_to_file(s, s->memory.max ? buf_slice(&s->memory) : bytes, e))
            return false;
        if (!s->memory.max)
            return true;
        buf_reset(&s->memory);
    }
    buf_put_slice(&s->memory, bytes);
    return true;
}

bool spill_read(const struct spill *s, uint64_t *offset, char *block, struct slice *bytes,
                struct err *e)
{
    uint64_t end = *offset < s->in_file ? s->in_file : s->size;
    uint64_t left = *offset < end ? end - *offset : 0;
    size_t want = left < LIMIT_BLOCK ? (size_t)left : LIMIT_BLOCK;
    size_t have = 0;

    if (*offset >= s->in_file) {
        *bytes = slice_from(buf_slice(&s->memory), (size_t)(*offset - s->in_file));
        bytes->len = want;
        *offset += want;
        return true;
    }
    while (have < want) {
        ssize_t got = pread(s->fd, block + have, want - have, (off_t)(s->start + *offset + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_os(e, ERR_IO, "cannot read the kept message");
        if (got == 0)
            return err_set(e, ERR_IO, "it became shorter while it was read");
        have += (size_t)got;
    }
    *bytes = slice_make(block, have);
    *offset += have;
    return true;
}
