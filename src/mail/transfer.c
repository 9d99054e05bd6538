/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/transfer.h"

#include <string.h>

#include "base/base64.h"

/* RFC 2045 6.7 (5): 76 characters in a line, the last of them kept for a soft line break. */
#define LINE_ROOM 75
/* RFC 2045 6.8: the same for base64, where all of them are text. */
#define BASE64_LINE 76

/* What stands for itself anywhere in a line, blanks aside. */
static bool is_plain(char c)
{
    return c > 32 && c < 127 && c != '=';
}

static void end_line(struct quoted_printable *q, struct buf *out, const char *end)
{
    buf_put_text(out, end);
    q->column = 0;
    q->from = 0;
}

static void make_room(struct quoted_printable *q, unsigned wanted, struct buf *out)
{
    if (q->column + wanted > LINE_ROOM)
        end_line(q, out, "=\r\n");
}

static void put_encoded(struct quoted_printable *q, char c, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    char text[3] = {'=', digits[(unsigned char)c >> 4], digits[(unsigned char)c & 15]};

    make_room(q, sizeof text, out);
    buf_put(out, text, sizeof text);
    q->column += sizeof text;
}

static void put_literal(struct quoted_printable *q, char c, struct buf *out)
{
    make_room(q, 1, out);
    if (q->from == q->column && q->from < 4 && c == "From"[q->from])
        q->from++;
    buf_put_byte(out, c);
    q->column++;
}

/* A blank that something follows on its line; not as the one of "From ". */
static void put_blank(struct quoted_printable *q, struct buf *out)
{
    if (!q->blank)
        return;
    make_room(q, 1, out);
    if (q->column == 4 && q->from == 4)
        put_encoded(q, q->blank, out);
    else
        put_literal(q, q->blank, out);
    q->blank = 0;
}

/* A blank that ends its line. */
static void put_last_blank(struct quoted_printable *q, struct buf *out)
{
    if (q->blank)
        put_encoded(q, q->blank, out);
    q->blank = 0;
}

/* Characters that stand for themselves and change nothing, together: how many were taken. */
static size_t put_run(struct quoted_printable *q, struct slice bytes, struct buf *out)
{
    size_t run = 0;
    size_t room = q->column < LINE_ROOM ? LINE_ROOM - q->column : 0;

    if (q->column <= 4)
        return 0;
    while (run < bytes.len && run < room && is_plain(bytes.data[run]))
        run++;
    buf_put(out, bytes.data, run);
    q->column += (unsigned)run;
    return run;
}

/* Any octet but the LF of a CRLF. */
static void put_octet(struct quoted_printable *q, char c, struct buf *out)
{
    if (c == '\r') {
        q->after_cr = true;
        return;
    }
    put_blank(q, out);
    if (c == ' ' || c == '\t') {
        q->blank = c;
        return;
    }
    bool stays = is_plain(c) || (c == '=' && q->is_encoded);
    if (stays)
        make_room(q, c == '=' ? 3 : 1, out);
    if (stays && !(c == '.' && q->column == 0))
        put_literal(q, c, out);
    else
        put_encoded(q, c, out);
}

void quoted_printable_init(struct quoted_printable *q)
{
    *q = (struct quoted_printable){0};
}

void quoted_printable_put(struct quoted_printable *q, struct slice bytes, struct buf *out)
{
    size_t i = 0;

    while (i < bytes.len) {
        char c = bytes.data[i];
        if (q->after_cr) {
            q->after_cr = false;
            if (c == '\n') {
                put_last_blank(q, out);
                end_line(q, out, "\r\n");
                i++;
                continue;
            }
            put_blank(q, out);
            put_encoded(q, '\r', out);
        }
        size_t run = q->blank ? 0 : put_run(q, slice_from(bytes, i), out);
        if (run == 0) {
            put_octet(q, c, out);
            run = 1;
        }
        i += run;
    }
}

void quoted_printable_end_open(struct quoted_printable *q, struct buf *out)
{
    if (q->after_cr) {
        put_blank(q, out);
        put_encoded(q, '\r', out);
    }
    put_last_blank(q, out);
    q->after_cr = false;
}

void quoted_printable_end(struct quoted_printable *q, struct buf *out)
{
    quoted_printable_end_open(q, out);
    if (q->column)
        end_line(q, out, "=\r\n");
}

static void put_base64_line(struct slice bytes, struct buf *out)
{
    base64_encode(out, bytes);
    buf_put_text(out, "\r\n");
}

void base64_lines_init(struct base64_lines *b)
{
    *b = (struct base64_lines){0};
}

void base64_lines_put(struct base64_lines *b, struct slice bytes, struct buf *out)
{
    if (b->count) {
        size_t part = sizeof b->held - b->count;
        if (part > bytes.len)
            part = bytes.len;
        memcpy(b->held + b->count, bytes.data, part);
        b->count += part;
        bytes = slice_from(bytes, part);
        if (b->count < sizeof b->held)
            return;
        put_base64_line(slice_make((const char *)b->held, b->count), out);
        b->count = 0;
    }
    for (; bytes.len >= sizeof b->held; bytes = slice_from(bytes, sizeof b->held))
        put_base64_line(slice_make(bytes.data, sizeof b->held), out);
    if (bytes.len)
        memcpy(b->held, bytes.data, bytes.len);
    b->count = bytes.len;
}

void base64_lines_end(struct base64_lines *b, struct buf *out)
{
    if (b->count)
        put_base64_line(slice_make((const char *)b->held, b->count), out);
    b->count = 0;
}

static bool is_base64_octet(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '+' || c == '/' || c == '=';
}

void base64_rewrap(unsigned *column, struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_base64_octet(text.data[i]))
            continue;
        if (*column == BASE64_LINE)
            base64_rewrap_end(column, out);
        buf_put_byte(out, text.data[i]);
        ++*column;
    }
}

void base64_rewrap_end(unsigned *column, struct buf *out)
{
    if (*column)
        buf_put_text(out, "\r\n");
    *column = 0;
}

/* A first octet of RFC 3629 4: how many follow, and what the next may be. */
static void begin_sequence(struct utf8_check *u, unsigned char c)
{
    u->low = 0x80;
    u->high = 0xbf;
    if (c >= 0xc2 && c <= 0xdf) {
        u->expected = 1;
    } else if (c >= 0xe0 && c <= 0xef) {
        u->expected = 2;
        if (c == 0xe0)
            u->low = 0xa0;
        if (c == 0xed)
            u->high = 0x9f;
    } else if (c >= 0xf0 && c <= 0xf4) {
        u->expected = 3;
        if (c == 0xf0)
            u->low = 0x90;
        if (c == 0xf4)
            u->high = 0x8f;
    } else {
        u->bad = true;
    }
}

/* Octets of ASCII at the start of s, counted eight at a time. */
static size_t ascii_words(struct slice s)
{
    uint64_t word;
    size_t i = 0;

    for (; i + sizeof word <= s.len; i += sizeof word) {
        memcpy(&word, s.data + i, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    return i;
}

void utf8_check_init(struct utf8_check *u)
{
    *u = (struct utf8_check){0};
}

void utf8_check_put(struct utf8_check *u, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len && !u->bad; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        if (u->expected) {
            u->bad = c < u->low || c > u->high;
            u->low = 0x80;
            u->high = 0xbf;
            u->expected--;
        } else if (c > 127) {
            begin_sequence(u, c);
        } else {
            size_t words = ascii_words(slice_from(bytes, i));
            i += words ? words - 1 : 0;
        }
    }
}

bool utf8_check_is_valid(const struct utf8_check *u)
{
    return !u->bad && u->expected == 0;
}
