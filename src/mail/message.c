/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/message.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "mail/wire.h"

void message_init(struct message *m, const char *directory)
{
    *m = (struct message){0};
    header_init(&m->header);
    spill_init(&m->body, LIMIT_MESSAGE_MEMORY, directory);
    raw_init(&m->raw);
}

void message_clear(struct message *m)
{
    const char *directory = m->body.directory;

    header_clear(&m->header);
    spill_clear(&m->body);
    message_init(m, directory);
}

uint64_t message_body_size(const struct message *m)
{
    return m->raw.file.fd >= 0 ? m->raw.size : m->body.size;
}

bool message_body_next(const struct message *m, struct body_reader *r, size_t max,
                       struct slice *bytes, struct err *e)
{
    if (m->raw.file.fd >= 0)
        return raw_next(&m->raw, &r->raw, max, bytes, e);
    if (m->body.fd >= 0 && !r->block)
        r->block = mem_resize(NULL, LIMIT_BLOCK, 1);
    if (!spill_read(&m->body, &r->offset, r->block, bytes, e))
        return false;
    if (bytes->len > max) {
        r->offset -= bytes->len - max;
        bytes->len = max;
    }
    return true;
}

void body_reader_clear(struct body_reader *r)
{
    free(r->block);
    raw_reader_clear(&r->raw);
    *r = (struct body_reader){0};
}

/* What is left in the header's block once its end was seen. */
static bool begin_body(struct message *m, struct err *e)
{
    return spill_put(&m->body, header_rest(&m->header), e);
}

static bool take(struct message *m, struct slice text, struct err *e)
{
    if (!m->header.done) {
        size_t used;
        if (!header_feed(&m->header, text, &used, e))
            return false;
        text = slice_from(text, used);
        if (m->header.done && !begin_body(m, e))
            return false;
    }
    return text.len == 0 || spill_put(&m->body, text, e);
}

/* The next octets of fd; none is the end. */
static bool read_block(int fd, char *block, size_t *got, struct err *e)
{
    ssize_t count;

    do
        count = read(fd, block, LIMIT_BLOCK);
    while (count < 0 && errno == EINTR);
    *got = count < 0 ? 0 : (size_t)count;
    return count >= 0 || err_os(e, ERR_IO, "cannot read the message");
}

void message_input_begin(struct message_input *in, struct message *m, bool dot_ends)
{
    *in = (struct message_input){.message = m};
    wire_in_init(&in->wire, dot_ends);
    buf_init(&in->text, 2 * LIMIT_BLOCK + 3);
}

bool message_input_put(struct message_input *in, struct slice bytes, struct err *e)
{
    buf_reset(&in->text);
    wire_in_put(&in->wire, bytes, &in->text);
    return take(in->message, buf_slice(&in->text), e);
}

static void set_measures(struct message *m, const struct wire_in *wire)
{
    m->is_empty = m->header.block.len == 0 && message_body_size(m) == 0;
    m->has_8bit = wire->has_8bit;
    m->has_nul = wire->has_nul;
    m->longest_line = wire->longest_line;
}

bool message_input_end(struct message_input *in, struct err *e)
{
    struct message *m = in->message;

    buf_reset(&in->text);
    wire_in_end(&in->wire, &in->text);
    bool ok = take(m, buf_slice(&in->text), e);
    bool was_done = m->header.done;
    ok = ok && header_end(&m->header, e) && (was_done || begin_body(m, e));
    set_measures(m, &in->wire);
    return ok;
}

void message_input_clear(struct message_input *in)
{
    buf_clear(&in->text);
}

bool message_read(struct message *m, int fd, bool dot_ends, struct err *e)
{
    char *block = mem_resize(NULL, LIMIT_BLOCK, 1);
    struct message_input in;
    size_t got = 0;
    bool ok;

    message_input_begin(&in, m, dot_ends);
    do {
        bool was_small = m->body.fd < 0;
        ok = read_block(fd, block, &got, e) && message_input_put(&in, slice_make(block, got), e);
        if (was_small && m->body.fd >= 0)
            file_enlarge_pipe(fd);
    } while (ok && got && !in.wire.ended);
    ok = ok && message_input_end(&in, e);
    message_input_clear(&in);
    free(block);
    return ok;
}

/* The next block of a body that stays where it is: counted, not kept. */
static bool take_raw(struct message *m, struct message_input *in, struct slice bytes,
                     struct err *e)
{
    size_t used = 0;

    if (m->header.done) {
        m->raw.size += wire_in_skim(&in->wire, bytes, &in->text);
        return true;
    }
    buf_reset(&in->text);
    wire_in_put(&in->wire, bytes, &in->text);
    bool ok = header_feed(&m->header, buf_slice(&in->text), &used, e);
    m->raw.header += used;
    m->raw.size += in->text.len - used;
    return ok;
}

/* What the header's block has too much belongs to the body. */
static bool end_raw(struct message *m, struct message_input *in, struct err *e)
{
    size_t used = 0;
    bool was_done = m->header.done;

    buf_reset(&in->text);
    wire_in_end(&in->wire, &in->text);
    if (!was_done && !header_feed(&m->header, buf_slice(&in->text), &used, e))
        return false;
    m->raw.header += used;
    m->raw.size += in->text.len - used;
    if (!header_end(&m->header, e))
        return false;
    m->raw.header -= m->header.rest_len;
    m->raw.size += m->header.rest_len;
    set_measures(m, &in->wire);
    return true;
}

bool message_read_in_place(struct message *m, int fd, bool dot_ends, struct err *e)
{
    struct message_input in;
    struct slice bytes;
    uint64_t offset = 0;

    if (!raw_adopt(&m->raw, fd, LIMIT_MESSAGE_MEMORY, dot_ends))
        return message_read(m, fd, dot_ends, e);
    char *block = mem_resize(NULL, LIMIT_BLOCK, 1);
    message_input_begin(&in, m, dot_ends);
    bool ok;
    do
        ok = raw_look(&m->raw, &offset, block, &bytes, e) && take_raw(m, &in, bytes, e);
    while (ok && bytes.len && !in.wire.ended);
    raw_end(&m->raw, offset);
    ok = ok && end_raw(m, &in, e);
    message_input_clear(&in);
    free(block);
    return ok;
}

bool message_set(struct message *m, struct slice text, struct err *e)
{
    struct message_input in;
    bool ok = true;

    message_input_begin(&in, m, false);
    while (ok && text.len) {
        size_t len = text.len < LIMIT_BLOCK ? text.len : LIMIT_BLOCK;
        ok = message_input_put(&in, slice_make(text.data, len), e);
        text = slice_from(text, len);
    }
    ok = ok && message_input_end(&in, e);
    message_input_clear(&in);
    return ok;
}

bool message_adopt(struct message *m, int fd, uint64_t start, uint64_t size, struct err *e)
{
    char *block = mem_resize(NULL, LIMIT_BLOCK, 1);
    uint64_t offset = 0, header = 0;
    struct slice bytes;
    struct spill file;
    size_t used;
    bool ok;

    spill_init(&file, 0, NULL);
    spill_adopt(&file, fd, start, size);
    do {
        used = 0;
        ok = spill_read(&file, &offset, block, &bytes, e) &&
             header_feed(&m->header, bytes, &used, e);
        header += used;
    } while (ok && bytes.len && !m->header.done);
    ok = ok && header_end(&m->header, e);
    free(block);
    if (ok) {
        header -= m->header.rest_len;
        spill_adopt(&m->body, fd, start + header, size - header);
    }
    return ok;
}

bool message_has_mime(const struct message *m)
{
    return header_has(&m->header, "MIME-Version") || header_has(&m->header, "Content-Type") ||
           header_has(&m->header, "Content-Transfer-Encoding");
}

/* The longest line of a text that ends with CRLF, without that. */
static uint64_t longest_line(struct slice text, uint64_t longest)
{
    for (size_t at = 0; at < text.len;) {
        size_t lf = slice_find(text, '\n', at);
        if (lf - at > longest + 1)
            longest = lf - at - 1;
        at = lf + 1;
    }
    return longest;
}

/* In canonical text each CR belongs to a line end. */
static void put_without_cr(struct buf *out, struct slice text)
{
    for (size_t at = 0; at < text.len;) {
        size_t cr = slice_find(text, '\r', at);
        buf_put(out, text.data + at, cr - at);
        at = cr + 1;
    }
}

static bool write_lines(int fd, struct slice text, struct buf *lines, struct err *e)
{
    buf_reset(lines);
    put_without_cr(lines, text);
    return file_write(fd, buf_slice(lines), e);
}

static bool write_body(const struct message *m, int fd, struct buf *lines, struct err *e)
{
    struct body_reader reader = {0};
    struct slice bytes;
    bool ok;

    do
        ok = message_body_next(m, &reader, LIMIT_BLOCK, &bytes, e) &&
             write_lines(fd, bytes, lines, e);
    while (ok && bytes.len);
    body_reader_clear(&reader);
    return ok;
}

static bool measure_body(const struct message *m, struct wire_in *wire, struct err *e)
{
    struct body_reader reader = {0};
    struct slice bytes;
    struct buf text;
    bool ok;

    wire_in_init(wire, false);
    buf_init(&text, 2 * LIMIT_BLOCK + 3);
    do {
        buf_reset(&text);
        ok = message_body_next(m, &reader, LIMIT_BLOCK, &bytes, e);
        if (ok)
            wire_in_put(wire, bytes, &text);
    } while (ok && bytes.len);
    buf_clear(&text);
    body_reader_clear(&reader);
    return ok;
}

uint64_t message_size(const struct message *m)
{
    return header_size(&m->header) + 2 + message_body_size(m);
}

bool message_write(const struct message *m, int fd, struct err *e)
{
    struct buf header, lines;

    buf_init(&header, LIMIT_HEADER_BLOCK + 2);
    buf_init(&lines, LIMIT_HEADER_BLOCK + 2);
    header_write(&m->header, &header);
    buf_put_text(&header, "\r\n");
    bool ok = write_lines(fd, buf_slice(&header), &lines, e) && write_body(m, fd, &lines, e);
    buf_clear(&header);
    buf_clear(&lines);
    return ok;
}

bool message_measure_body(struct message *m, struct err *e)
{
    struct wire_in wire;

    if (!measure_body(m, &wire, e))
        return false;
    m->longest_line = wire.longest_line;
    for (size_t i = 0; i < m->header.count; i++)
        if (!m->header.fields[i].removed)
            m->longest_line = longest_line(header_raw(&m->header, i), m->longest_line);
    m->has_nul = wire.has_nul;
    m->has_8bit = wire.has_8bit;
    message_measure(m);
    return true;
}

/* What is left of the piece that the reader stands in. */
static bool next_piece(const struct message *m, struct message_reader *r, struct slice *piece)
{
    const struct header *h = &m->header;

    while (r->field < h->count && h->fields[r->field].removed)
        r->field++;
    if (r->field > h->count)
        return false;
    *piece = slice_from(r->field < h->count ? header_raw(h, r->field) : SLICE("\r\n"), r->used);
    return true;
}

bool message_next(const struct message *m, struct message_reader *r, size_t max,
                  struct slice *bytes, struct err *e)
{
    struct slice piece;

    if (!next_piece(m, r, &piece))
        return message_body_next(m, &r->body, max, bytes, e);
    *bytes = slice_make(piece.data, piece.len < max ? piece.len : max);
    r->used += bytes->len;
    if (bytes->len == piece.len) {
        r->field++;
        r->used = 0;
    }
    return true;
}

void message_reader_clear(struct message_reader *r)
{
    body_reader_clear(&r->body);
    *r = (struct message_reader){0};
}

void message_measure(struct message *m)
{
    const struct header *h = &m->header;

    m->has_8bit_header = false;
    for (size_t i = 0; i < h->count && !m->has_8bit_header; i++)
        m->has_8bit_header = !h->fields[i].removed && slice_has_8bit(header_raw(h, i));
    m->has_8bit = m->has_8bit || m->has_8bit_header;
}
