/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

void text_init(struct text *t, const char *directory)
{
    *t = (struct text){0};
    spill_init(&t->body, LIMIT_MESSAGE_MEMORY, directory);
    wire_in_init(&t->wire, false);
    utf8_check_init(&t->utf8);
    buf_init(&t->block, 2 * LIMIT_BLOCK + 3);
}

void text_clear(struct text *t)
{
    spill_clear(&t->body);
    buf_clear(&t->block);
}

/* Canonical text, whose lines end with LF as the last octet. */
static void measure(struct text *t, struct slice bytes)
{
    static const char delimiter[] = "--=_";

    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.data[i];
        t->octets_8bit += (unsigned char)c > 127;
        t->has_control = t->has_control || (ascii_is_control(c) && !strchr("\t\r\n\f", c)) || !c;
        if (c == '\n')
            t->matched = 0;
        else if (t->matched < 4)
            t->matched = delimiter[t->matched] == c ? t->matched + 1 : 5;
        t->has_delimiter = t->has_delimiter || t->matched == 4;
    }
    utf8_check_put(&t->utf8, bytes);
}

static bool keep(struct text *t, struct err *e)
{
    measure(t, buf_slice(&t->block));
    return t->measure_only || spill_put(&t->body, buf_slice(&t->block), e);
}

bool text_put(struct text *t, struct slice bytes, struct err *e)
{
    while (bytes.len) {
        struct slice part =
            slice_make(bytes.data, bytes.len < LIMIT_BLOCK ? bytes.len : LIMIT_BLOCK);
        buf_reset(&t->block);
        wire_in_put(&t->wire, part, &t->block);
        if (!keep(t, e))
            return false;
        bytes = slice_from(bytes, part.len);
    }
    return true;
}

bool text_end(struct text *t, struct err *e)
{
    buf_reset(&t->block);
    wire_in_end(&t->wire, &t->block);
    return keep(t, e);
}

bool text_read(struct text *t, int fd, const char *what, struct err *e)
{
    char *block = mem_resize(NULL, LIMIT_BLOCK, 1);
    ssize_t got;
    bool ok;

    do {
        got = read(fd, block, LIMIT_BLOCK);
        ok = got >= 0 || errno == EINTR || err_os(e, ERR_IO, "cannot read %s", what);
        if (got > 0)
            ok = text_put(t, slice_make(block, (size_t)got), e);
    } while (ok && got != 0 && !(t->measure_only && t->wire.has_nul));
    free(block);
    return ok && text_end(t, e);
}

bool text_measure(struct text *t, int fd, const char *what, struct err *e)
{
    t->measure_only = true;
    return text_read(t, fd, what, e);
}

const char *text_charset(const struct text *t)
{
    if (!t->wire.has_8bit)
        return "us-ascii";
    return utf8_check_is_valid(&t->utf8) ? "utf-8" : "unknown-8bit";
}

enum text_encoding text_choose_encoding(const struct text *t)
{
    if (!t->wire.has_8bit && !t->wire.has_nul && t->wire.longest_line <= LIMIT_TEXT_LINE &&
        !t->has_delimiter)
        return TEXT_7BIT;
    return t->octets_8bit > t->body.size / 2 ? TEXT_BASE64 : TEXT_QUOTED_PRINTABLE;
}

/* Both encoders at hand; the empty slice is the end. */
struct encoder {
    enum text_encoding encoding;
    struct quoted_printable quoted_printable;
    struct base64_lines base64;
};

static void encode(struct encoder *c, struct slice bytes, struct buf *out)
{
    if (c->encoding == TEXT_7BIT)
        buf_put_slice(out, bytes);
    else if (c->encoding == TEXT_QUOTED_PRINTABLE && bytes.len)
        quoted_printable_put(&c->quoted_printable, bytes, out);
    else if (c->encoding == TEXT_QUOTED_PRINTABLE)
        quoted_printable_end(&c->quoted_printable, out);
    else if (bytes.len)
        base64_lines_put(&c->base64, bytes, out);
    else
        base64_lines_end(&c->base64, out);
}

bool text_encode(const struct text *t, enum text_encoding encoding, struct spill *out,
                 struct err *e)
{
    char *block = mem_resize(NULL, LIMIT_BLOCK, 1);
    struct encoder c = {.encoding = encoding};
    struct slice bytes;
    struct buf encoded;
    uint64_t offset = 0;
    bool ok;

    quoted_printable_init(&c.quoted_printable);
    base64_lines_init(&c.base64);
    buf_init(&encoded, 4 * LIMIT_BLOCK);
    do {
        buf_reset(&encoded);
        ok = spill_read(&t->body, &offset, block, &bytes, e);
        if (ok)
            encode(&c, bytes, &encoded);
        ok = ok && spill_put(out, buf_slice(&encoded), e);
    } while (ok && bytes.len);
    buf_clear(&encoded);
    free(block);
    return ok;
}
