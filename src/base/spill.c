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
    s->size = 0;
}

void spill_adopt(struct spill *s, int fd, uint64_t start, uint64_t size)
{
    s->fd = fd;
    s->borrowed = true;
    s->start = start;
    s->size = size;
}

static bool move_to_file(struct spill *s, struct err *e)
{
    if (!file_unnamed(s->directory, &s->fd, e))
        return false;
    struct slice held = buf_slice(&s->memory);
    if (!file_write(s->fd, held, e))
        return err_wrap(e, "cannot keep the message in %s", s->directory);
    buf_clear(&s->memory);
    return true;
}

bool spill_put(struct spill *s, struct slice bytes, struct err *e)
{
    if (s->fd < 0 && bytes.len > s->memory.max - s->memory.len && !move_to_file(s, e))
        return false;
    if (s->fd < 0)
        buf_put_slice(&s->memory, bytes);
    else if (!file_write(s->fd, bytes, e))
        return err_wrap(e, "cannot keep the message in %s", s->directory);
    s->size += bytes.len;
    return true;
}

bool spill_read(const struct spill *s, uint64_t *offset, char *block, struct slice *bytes,
                struct err *e)
{
    uint64_t left = *offset < s->size ? s->size - *offset : 0;
    size_t want = left < LIMIT_BLOCK ? (size_t)left : LIMIT_BLOCK;

    if (s->fd < 0) {
        *bytes = slice_make(s->memory.data ? s->memory.data + *offset : "", want);
        *offset += want;
        return true;
    }
    size_t have = 0;
    while (have < want) {
        ssize_t got = pread(s->fd, block + have, want - have, (off_t)(s->start + *offset + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_os(e, ERR_IO, "cannot read the kept message");
        if (got == 0)
            return err_set(e, ERR_IO, "the kept message was cut from outside");
        have += (size_t)got;
    }
    *bytes = slice_make(block, have);
    *offset += have;
    return true;
}
