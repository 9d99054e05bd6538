/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/parts.h"

#include <stdlib.h>

#include "base/mem.h"
#include "mail/content.h"

/* A part that is not closed yet. */
struct open {
    size_t part;
    char *boundary;          /* of a multipart whose last delimiter has not come; else NULL */
    bool is_digest;          /* parts without a type are messages (RFC 2046 5.1.5) */
};

struct scanner {
    struct parts *parts;
    struct open open[LIMIT_PART_DEPTH + 2];    /* the innermost last: it gets the text */
    size_t depth;
    struct header header;    /* of the innermost, while in_header */
    bool in_header;
    uint64_t offset;         /* of the octets that are looked at */
    struct buf held;         /* the start of a line that is not complete */
    bool middle;             /* the start of this line is dealt with */
    uint64_t line;           /* octets of it so far */
};

static struct part *innermost(const struct scanner *s)
{
    return &s->parts->items[s->open[s->depth - 1].part];
}

static bool open_part(struct scanner *s, uint64_t header, bool is_message, struct err *e)
{
    struct parts *p = s->parts;
    size_t parent = s->depth ? s->open[s->depth - 1].part : 0;

    if (p->count == LIMIT_PARTS)
        return err_set(e, ERR_DATA, "the message has more than %d parts", LIMIT_PARTS);
    p->items = mem_grow(p->items, p->count, &p->capacity, sizeof *p->items);
    p->items[p->count] = (struct part){
        .parent = parent, .is_message = is_message, .header = header, .body = header};
    s->open[s->depth++] = (struct open){.part = p->count++};
    s->line = 0;
    return true;
}

/* Close everything within the part at `level`, whose delimiter begins at `end`; the CRLF before it
 * belongs to it (RFC 2046 5.1.1). */
static void close_above(struct scanner *s, size_t level, uint64_t end)
{
    for (; s->depth > level + 1; s->depth--) {
        struct part *part = innermost(s);
        part->end = end > part->body ? end : part->body;
        free(s->open[s->depth - 1].boundary);
    }
}

static bool is_known_encoding(struct slice token, struct part *part)
{
    part->is_8bit_labelled =
        slice_eq_nocase(token, SLICE("8bit")) || slice_eq_nocase(token, SLICE("binary"));
    if (token.len == 0 || part->is_8bit_labelled || slice_eq_nocase(token, SLICE("7bit")))
        part->encoding = PART_IDENTITY;
    else if (slice_eq_nocase(token, SLICE("quoted-printable")))
        part->encoding = PART_QUOTED_PRINTABLE;
    else if (slice_eq_nocase(token, SLICE("base64")))
        part->encoding = PART_BASE64;
    else
        return false;
    return true;
}

static bool is_global(struct slice subtype)
{
    return slice_eq_nocase(subtype, SLICE("global")) ||
           (subtype.len > 7 && slice_eq_nocase(slice_make(subtype.data, 7), SLICE("global-")));
}

static enum part_kind kind_of(const struct content_type *t, const struct part *part)
{
    bool identity = part->encoding == PART_IDENTITY;

    if (content_type_is(t, "multipart", NULL))
        return !identity || content_type_is(t, "multipart", "signed") ||
                       content_type_is(t, "multipart", "encrypted")
                   ? PART_OPAQUE
                   : PART_MULTIPART;
    if (content_type_is(t, "message", "rfc822") || content_type_is(t, "message", "news"))
        return identity ? PART_MESSAGE : PART_OPAQUE;
    /* RFC 6532 3.7 allows these any encoding; all others are 7bit (RFC 2046 5.2). */
    if (content_type_is(t, "message", NULL) && !is_global(t->subtype))
        return PART_OPAQUE;
    return PART_LEAF;
}

static void open_multipart(struct scanner *s, struct part *part, const struct content_type *t)
{
    struct open *open = &s->open[s->depth - 1];
    struct buf boundary;

    buf_init(&boundary, LIMIT_BOUNDARY);
    content_param(t, "boundary", &boundary);
    if (boundary.len == 0 || boundary.overflow)
        part->kind = PART_OPAQUE;
    else
        open->boundary = mem_strdup(boundary.data);
    open->is_digest = content_type_is(t, "multipart", "digest");
    buf_clear(&boundary);
}

/* Learn from its header what the innermost part is. */
static void classify(struct scanner *s, const struct header *h, struct part *part)
{
    size_t index = header_find(h, "Content-Type", 0);
    size_t encoding = header_find(h, "Content-Transfer-Encoding", 0);
    bool in_digest = s->depth > 1 && s->open[s->depth - 2].is_digest;
    struct content_type t = {0};

    part->has_type = index < h->count;
    if (part->has_type)
        content_type_parse(&t, header_value(h, index));
    if (t.type.len == 0)               /* also one that cannot be read: RFC 2045 5.2 */
        content_type_parse(&t, in_digest ? SLICE("message/rfc822") : SLICE("text/plain"));
    struct slice token = encoding < h->count ? content_token(header_value(h, encoding)) : SLICE("");
    part->is_text = content_type_is(&t, "text", NULL);
    part->kind = is_known_encoding(token, part) ? kind_of(&t, part) : PART_OPAQUE;
    if (part->kind != PART_LEAF && s->depth > LIMIT_PART_DEPTH)
        part->kind = PART_OPAQUE;
    if (part->kind == PART_MULTIPART)
        open_multipart(s, part, &t);
    for (size_t i = 0; i < h->count && !part->has_8bit_header; i++)
        part->has_8bit_header = !h->fields[i].removed && slice_has_8bit(header_raw(h, i));
}

/* The innermost part's header is known, its body begins at `body`. */
static bool begin_body(struct scanner *s, const struct header *h, uint64_t body, struct err *e)
{
    struct part *part = innermost(s);

    part->body = body;
    utf8_check_init(&part->utf8);
    classify(s, h, part);
    s->in_header = part->kind == PART_MESSAGE;
    return part->kind != PART_MESSAGE || open_part(s, body, true, e);
}

static void measure(struct scanner *s, struct slice text)
{
    struct part *part = innermost(s);
    bool ends = text.len && text.data[text.len - 1] == '\n';

    s->line += text.len;
    if (ends && s->line > part->longest_line + 2)
        part->longest_line = s->line - 2;
    else if (!ends && s->line > part->longest_line)
        part->longest_line = s->line;
    if (ends)
        s->line = 0;
    part->octets += text.len;
    part->has_nul = part->has_nul || slice_has_byte(text, '\0');
    if (part->octets_8bit || slice_has_8bit(text))
        for (size_t i = 0; i < text.len; i++)
            part->octets_8bit += (unsigned char)text.data[i] > 127;
    utf8_check_put(&part->utf8, text);
}

/* What is behind the boundary but blanks and the line end? */
static bool is_delimiter(struct slice line, const char *boundary, bool *is_last)
{
    struct slice wanted = slice_of(boundary);

    line = slice_from(line, 2);
    if (!slice_has_prefix(line, wanted))
        return false;
    line = slice_from(line, wanted.len);
    *is_last = slice_has_prefix(line, SLICE("--"));
    return slice_trim(slice_from(line, *is_last ? 2 : 0)).len == 0;
}

/* The level of the multipart whose delimiter this is; s->depth: none's. */
static size_t find_delimiter(const struct scanner *s, struct slice line, bool *is_last)
{
    if (!slice_has_prefix(line, SLICE("--")))
        return s->depth;
    for (size_t level = s->depth; level-- > 0;)
        if (s->open[level].boundary && is_delimiter(line, s->open[level].boundary, is_last))
            return level;
    return s->depth;
}

/* The header that was read is complete. Octets that it turned out not to hold begin the body; of
 * these the last `now`, up to `at`, are still to be looked at. */
static bool leave_header(struct scanner *s, uint64_t at, size_t now, struct err *e)
{
    struct header h = s->header;
    struct slice rest = header_rest(&h);

    header_init(&s->header);
    bool ok = begin_body(s, &h, at - rest.len, e);
    if (ok && rest.len > now)
        measure(s, slice_make(rest.data, rest.len - now));
    header_clear(&h);
    return ok;
}

/* There is no more of the header that is being read, nor of the one in its body. */
static bool cut_header(struct scanner *s, uint64_t at, struct err *e)
{
    while (s->in_header)
        if (!header_end(&s->header, e) || !leave_header(s, at, 0, e))
            return false;
    return true;
}

static bool take_delimiter(struct scanner *s, size_t level, struct slice line, bool is_last,
                           struct err *e)
{
    if (!cut_header(s, s->offset, e))
        return false;
    close_above(s, level, s->offset < 2 ? 0 : s->offset - 2);
    s->in_header = !is_last;
    s->line = 0;
    if (!is_last)
        return open_part(s, s->offset + line.len, false, e);
    free(s->open[level].boundary);
    s->open[level].boundary = NULL;
    return true;
}

/* Feed the header. What of the line belongs to the body stays in *line, for a second look. */
static bool take_header(struct scanner *s, struct slice *line, struct err *e)
{
    size_t used;

    if (!header_feed(&s->header, *line, &used, e))
        return false;
    if (!s->header.done) {
        *line = SLICE("");
        return true;
    }
    size_t rest = header_rest(&s->header).len;
    size_t back = rest < used ? rest : used;
    if (!leave_header(s, s->offset + used, back, e))
        return false;
    *line = slice_from(*line, used - back);
    s->offset += used - back;
    return true;
}

/* A line, or so much of it as is there; `starts`: not only its continuation. */
static bool take_line(struct scanner *s, struct slice line, bool starts, struct err *e)
{
    while (line.len) {
        bool is_last = false;
        size_t level = starts ? find_delimiter(s, line, &is_last) : s->depth;
        if (level < s->depth)
            return take_delimiter(s, level, line, is_last, e);
        if (!s->in_header) {
            measure(s, line);
            return true;
        }
        if (!take_header(s, &line, e))
            return false;
    }
    return true;
}

static bool take_piece(struct scanner *s, struct slice piece, struct err *e)
{
    uint64_t end = s->offset + piece.len;
    bool starts = !s->middle;

    s->middle = piece.data[piece.len - 1] != '\n';
    bool ok = take_line(s, piece, starts, e);
    s->offset = end;
    return ok;
}

/* Lines are put together as far as a delimiter can be long. */
static bool take_block(struct scanner *s, struct slice block, struct err *e)
{
    while (block.len) {
        size_t lf = slice_find(block, '\n', 0);
        struct slice piece = slice_make(block.data, lf < block.len ? lf + 1 : block.len);
        bool whole = s->middle || (lf < block.len && s->held.len == 0);
        if (!whole) {
            size_t room = s->held.max - s->held.len;
            piece.len = piece.len < room ? piece.len : room;
            buf_put_slice(&s->held, piece);
        }
        block = slice_from(block, piece.len);
        if (whole && !take_piece(s, piece, e))
            return false;
        if (!whole && (piece.data[piece.len - 1] == '\n' || s->held.len == s->held.max)) {
            if (!take_piece(s, buf_slice(&s->held), e))
                return false;
            buf_reset(&s->held);
        }
    }
    return true;
}

static bool finish(struct scanner *s, uint64_t size, struct err *e)
{
    if (s->held.len && !take_piece(s, buf_slice(&s->held), e))
        return false;
    if (!cut_header(s, size, e))
        return false;
    close_above(s, 0, size);
    s->parts->items[0].end = size;
    return true;
}

static bool scan(struct scanner *s, const struct message *m, struct err *e)
{
    struct body_reader reader = {0};
    struct slice bytes;
    bool ok = open_part(s, 0, true, e) && begin_body(s, &m->header, 0, e);

    while (ok) {
        ok = message_body_next(m, &reader, LIMIT_BLOCK, &bytes, e) && take_block(s, bytes, e);
        if (!bytes.len)
            break;
    }
    ok = ok && finish(s, message_body_size(m), e);
    body_reader_clear(&reader);
    return ok;
}

bool parts_scan(struct parts *parts, const struct message *m, struct err *e)
{
    struct scanner *s = mem_alloc(sizeof *s);

    *parts = (struct parts){0};
    s->parts = parts;
    header_init(&s->header);
    buf_init(&s->held, LIMIT_TEXT_LINE);
    bool ok = scan(s, m, e);
    while (s->depth > 0)
        free(s->open[--s->depth].boundary);
    buf_clear(&s->held);
    header_clear(&s->header);
    free(s);
    return ok;
}

void parts_clear(struct parts *parts)
{
    free(parts->items);
    *parts = (struct parts){0};
}
