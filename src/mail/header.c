/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/header.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* At most so much is taken at once before the line is judged: a body without line ends must not
 * fill the block. */
#define STEP LIMIT_TEXT_LINE
/* Lines that turn out to be no field may lie behind a full block until that is clear. */
#define SLACK (4 * LIMIT_TEXT_LINE)

enum line_kind {
    LINE_OPEN,               /* more octets are needed to tell */
    LINE_FIELD,
    LINE_FOLDED,             /* goes on with the field before */
    LINE_EMPTY,
    LINE_OTHER
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 5322 3.6.8 ftext. */
static bool is_name(char c)
{
    return c > 32 && c < 127 && c != ':';
}

/* What the line is, of which the first octets are known. For a field, the name's length and the
 * colon's place. */
static enum line_kind judge(struct slice line, bool has_field, size_t *name_len, size_t *colon)
{
    size_t i = 0;

    if (line.len == 0)
        return LINE_OPEN;
    if (is_blank(line.data[0]))
        return has_field ? LINE_FOLDED : LINE_OTHER;
    if (slice_has_prefix(SLICE("\r\n"), line))
        return line.len == 2 ? LINE_EMPTY : LINE_OPEN;
    while (i < line.len && is_name(line.data[i]))
        i++;
    *name_len = i;
    while (i < line.len && is_blank(line.data[i]))
        i++;
    *colon = i;
    if (i > LIMIT_TEXT_LINE || *name_len == 0)
        return LINE_OTHER;
    if (i == line.len)
        return LINE_OPEN;
    return line.data[i] == ':' ? LINE_FIELD : LINE_OTHER;
}

static struct slice pending_line(const struct header *h)
{
    return slice_from(buf_slice(&h->block), h->scanned);
}

static void finish(struct header *h, size_t rest)
{
    h->done = true;
    h->rest = rest;
    h->rest_len = h->block.len - rest;
}

/* What stands in the block and is no header begins the body. Without any field that is everything,
 * the first line too that looked like mbox. */
static void finish_before_line(struct header *h)
{
    finish(h, h->count ? h->scanned : 0);
}

static bool could_be_mbox(const struct header *h, struct slice line)
{
    return h->scanned == 0 && line.len <= LIMIT_TEXT_LINE &&
           (slice_has_prefix(line, SLICE("From ")) || slice_has_prefix(line, SLICE(">From ")));
}

static bool fault_in_field(struct err *e, struct slice name, const char *fault)
{
    return err_set(e, ERR_DATA, "header field \"%.*s\": %s", (int)name.len, name.data, fault);
}

static struct field *add_field(struct header *h, struct field field)
{
    h->fields = mem_grow(h->fields, h->count, &h->capacity, sizeof *h->fields);
    h->fields[h->count] = field;
    return &h->fields[h->count++];
}

/* A complete line of a field: the block holds it up to its end. */
static bool take_field_line(struct header *h, bool begins, size_t name_len, size_t colon,
                            struct err *e)
{
    struct slice line = pending_line(h);

    if (begins)
        add_field(h, (struct field){.offset = h->scanned, .name_len = name_len,
                                    .value = h->scanned + colon + 1});
    h->fields[h->count - 1].end = h->block.len;
    h->scanned = h->block.len;
    return !slice_has_byte(line, '\0') ||
           fault_in_field(e, header_name(h, h->count - 1), "a NUL octet");
}

/* Judge the line that begins at h->scanned, and take it if it is complete. */
static bool take_line(struct header *h, struct err *e)
{
    struct slice line = pending_line(h);
    bool is_complete = line.len > 1 && memcmp(line.data + line.len - 2, "\r\n", 2) == 0;
    size_t name_len = 0, colon = 0;
    enum line_kind kind = judge(line, h->count > 0, &name_len, &colon);

    switch (kind) {
    case LINE_OPEN:
        return true;
    case LINE_EMPTY:
        finish(h, h->block.len);
        return true;
    case LINE_OTHER:
        if (!could_be_mbox(h, line))
            finish_before_line(h);
        else if (is_complete)
            h->scanned = h->block.len;
        return true;
    case LINE_FIELD:
    case LINE_FOLDED:
        break;
    }
    if (h->block.len > LIMIT_HEADER_BLOCK)
        return err_set(e, ERR_DATA, "the header is larger than %d octets", LIMIT_HEADER_BLOCK);
    return !is_complete || take_field_line(h, kind == LINE_FIELD, name_len, colon, e);
}

/* RFC 5322 2.2.3: CR and LF only as a pair, and a blank behind. */
static bool is_folded_well(struct slice value)
{
    size_t cr = slice_find(value, '\r', 0);
    size_t lf = slice_find(value, '\n', 0);

    while (cr < value.len && lf == cr + 1 && lf + 1 < value.len && is_blank(value.data[lf + 1])) {
        cr = slice_find(value, '\r', lf);
        lf = slice_find(value, '\n', lf + 1);
    }
    return cr == value.len && lf == value.len;
}

/* "name: value" behind everything else in the block. */
static bool put_field(struct header *h, struct slice name, struct slice value, struct field *field,
                      struct err *e)
{
    struct buf text;

    if (slice_has_byte(value, '\0'))
        return fault_in_field(e, name, "a NUL octet");
    if (!is_folded_well(value))
        return fault_in_field(e, name, "a line end that is no folding");
    /* Through a buffer of its own: name and value may lie in the block, which may move. */
    buf_init(&text, LIMIT_HEADER_BLOCK);
    buf_put_slice(&text, name);
    buf_put_text(&text, value.len && is_blank(value.data[0]) ? ":" : ": ");
    buf_put_slice(&text, value);
    buf_put_text(&text, "\r\n");
    bool fits = !text.overflow && h->block.len + text.len <= LIMIT_HEADER_BLOCK;
    if (!fits) {
        buf_clear(&text);
        return fault_in_field(e, name, "no room for it in the header");
    }
    *field = (struct field){.offset = h->block.len, .name_len = name.len,
                            .value = h->block.len + name.len + 1, .end = h->block.len + text.len};
    buf_put_slice(&h->block, buf_slice(&text));
    buf_clear(&text);
    return true;
}

void header_init(struct header *h)
{
    *h = (struct header){0};
    buf_init(&h->block, LIMIT_HEADER_BLOCK + SLACK);
}

void header_clear(struct header *h)
{
    buf_clear(&h->block);
    free(h->fields);
    header_init(h);
}

void header_copy(struct header *to, const struct header *from)
{
    header_init(to);
    for (size_t i = 0; i < from->count; i++) {
        const struct field *f = &from->fields[i];
        size_t at = to->block.len;
        if (f->removed)
            continue;
        buf_put_slice(&to->block, header_raw(from, i));
        add_field(to, (struct field){.offset = at, .name_len = f->name_len,
                                     .value = at + f->value - f->offset, .end = to->block.len});
    }
    to->scanned = to->block.len;
    to->done = true;
    to->rest = to->block.len;
}

bool header_feed(struct header *h, struct slice bytes, size_t *used, struct err *e)
{
    *used = 0;
    while (*used < bytes.len && !h->done) {
        struct slice piece = slice_from(bytes, *used);
        if (piece.len > STEP)
            piece.len = STEP;
        size_t lf = slice_find(piece, '\n', 0);
        piece.len = lf < piece.len ? lf + 1 : piece.len;
        buf_put_slice(&h->block, piece);
        *used += piece.len;
        if (!take_line(h, e))
            return false;
    }
    return true;
}

bool header_end(struct header *h, struct err *e)
{
    if (h->done)
        return true;
    size_t name_len = 0, colon = 0;
    enum line_kind kind = judge(pending_line(h), h->count > 0, &name_len, &colon);
    if (kind == LINE_FIELD || kind == LINE_FOLDED) {
        buf_put_text(&h->block, "\r\n");
        if (!take_line(h, e))
            return false;
    }
    finish_before_line(h);
    return true;
}

struct slice header_rest(const struct header *h)
{
    return slice_make(buf_slice(&h->block).data + h->rest, h->rest_len);
}

size_t header_find(const struct header *h, const char *name, size_t from)
{
    struct slice wanted = slice_of(name);
    size_t i = from;

    /* Most are told apart by the length. */
    while (i < h->count && (h->fields[i].removed || h->fields[i].name_len != wanted.len ||
                            !slice_eq_nocase(header_name(h, i), wanted)))
        i++;
    return i < h->count ? i : h->count;
}

bool header_has(const struct header *h, const char *name)
{
    return header_find(h, name, 0) < h->count;
}

struct slice header_name(const struct header *h, size_t index)
{
    const struct field *f = &h->fields[index];

    return slice_make(h->block.data + f->offset, f->name_len);
}

struct slice header_value(const struct header *h, size_t index)
{
    const struct field *f = &h->fields[index];

    return slice_make(h->block.data + f->value, f->end - f->value - 2);
}

struct slice header_raw(const struct header *h, size_t index)
{
    const struct field *f = &h->fields[index];

    return slice_make(h->block.data + f->offset, f->end - f->offset);
}

void header_remove(struct header *h, const char *name)
{
    for (size_t i = header_find(h, name, 0); i < h->count; i = header_find(h, name, i + 1))
        h->fields[i].removed = true;
}

bool header_add(struct header *h, const char *name, struct slice value, struct err *e)
{
    struct field field;

    if (!put_field(h, slice_of(name), value, &field, e))
        return false;
    add_field(h, field);
    return true;
}

bool header_add_first(struct header *h, const char *name, struct slice value, struct err *e)
{
    if (!header_add(h, name, value, e))
        return false;
    struct field first = h->fields[h->count - 1];
    memmove(h->fields + 1, h->fields, (h->count - 1) * sizeof first);
    h->fields[0] = first;
    return true;
}

bool header_replace(struct header *h, size_t index, struct slice value, struct err *e)
{
    return put_field(h, header_name(h, index), value, &h->fields[index], e);
}

size_t header_size(const struct header *h)
{
    size_t size = 0;

    for (size_t i = 0; i < h->count; i++)
        if (!h->fields[i].removed)
            size += h->fields[i].end - h->fields[i].offset;
    return size;
}

void header_write(const struct header *h, struct buf *out)
{
    for (size_t i = 0; i < h->count; i++)
        if (!h->fields[i].removed)
            buf_put_slice(out, header_raw(h, i));
}
