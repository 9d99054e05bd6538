/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/words.h"

#include <string.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "mail/transfer.h"

/* RFC 2047 2: a word has at most 75 characters, a line with one 76. */
#define WORD_ROOM 75
#define WORD_LINE 76
/* RFC 5322 2.1.1. */
#define LINE 78
/* A word that cannot be folded and would come near the 998 of a line. */
#define LONGEST_PLAIN 900
/* RFC 2231 parameters: a line, less its blank, ";" and the CRLF. */
#define PARAMETER_LINE 75

/* RFC 2047 5 (3): what "Q" leaves alone in a phrase. */
static bool is_q_plain(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || (c && strchr("!*+-/", c));
}

static size_t encoded_size(struct slice s, bool base64)
{
    size_t size = 0;

    if (base64)
        return (s.len + 2) / 3 * 4;
    for (size_t i = 0; i < s.len; i++)
        size += is_q_plain(s.data[i]) || s.data[i] == ' ' ? 1 : 3;
    return size;
}

static void put_q(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (is_q_plain(s.data[i]))
            buf_put_byte(out, s.data[i]);
        else if (s.data[i] == ' ')
            buf_put_byte(out, '_');
        else
            buf_put_format(out, "=%02X", (unsigned)(unsigned char)s.data[i]);
    }
}

/* The octets of the character that s begins with; one where it is no UTF-8. */
static size_t character(struct slice s, bool is_utf8)
{
    uint32_t point;
    size_t len = is_utf8 ? utf8_decode(s, &point) : 1;

    return len ? len : 1;
}

/* As many whole characters from the start of s as fit into `room` when encoded; one at least. */
static size_t characters_that_fit(struct slice s, size_t room, bool base64, bool is_utf8)
{
    size_t taken = 0;

    while (taken < s.len) {
        size_t next = taken + character(slice_from(s, taken), is_utf8);
        if (taken && encoded_size(slice_make(s.data, next), base64) > room)
            break;
        taken = next;
    }
    return taken;
}

static bool is_utf8_text(struct slice s)
{
    struct utf8_check check;

    utf8_check_init(&check);
    utf8_check_put(&check, s);
    return utf8_check_is_valid(&check);
}

static struct slice charset_of(bool is_utf8)
{
    return is_utf8 ? SLICE("utf-8") : SLICE("unknown-8bit");
}

/* Q as long as about half of the text can be read in it. */
void words_encode(struct buf *out, struct slice text, size_t column)
{
    bool is_utf8 = is_utf8_text(text);
    bool base64 = encoded_size(text, false) > 2 * text.len;
    struct slice charset = charset_of(is_utf8);
    size_t around = charset.len + 7;       /* =??Q??= */
    size_t room = column < WORD_LINE ? WORD_LINE - column : 0;

    room = room > WORD_ROOM ? WORD_ROOM : room;
    room = room > around ? room - around : 0;
    while (text.len) {
        size_t len = characters_that_fit(text, room, base64, is_utf8);
        struct slice part = slice_make(text.data, len);
        buf_put_format(out, "=?%s?%c?", charset.data, base64 ? 'B' : 'Q');
        if (base64)
            base64_encode(out, part);
        else
            put_q(out, part);
        text = slice_from(text, len);
        buf_put_text(out, text.len ? "?=\r\n " : "?=");
        room = WORD_ROOM - around;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The next word, with the blanks before it. */
static size_t word_end(struct slice s, size_t at, size_t *start)
{
    while (at < s.len && is_blank(s.data[at]))
        at++;
    *start = at;
    while (at < s.len && !is_blank(s.data[at]))
        at++;
    return at;
}

/* Also what would be read as an encoded word. */
static bool must_be_encoded(struct slice word)
{
    bool looks_encoded = false;

    for (size_t i = 0; i + 1 < word.len && !looks_encoded; i++)
        looks_encoded = word.data[i] == '=' && word.data[i + 1] == '?';
    return looks_encoded || slice_has_8bit(word) || word.len > LONGEST_PLAIN;
}

/* From the first word that must be encoded to the end of the last one. */
static void find_encoded(struct slice s, size_t *from, size_t *to)
{
    size_t start;

    *from = *to = s.len;
    for (size_t at = 0, end; at < s.len; at = end) {
        end = word_end(s, at, &start);
        if (!must_be_encoded(slice_make(s.data + start, end - start)))
            continue;
        if (*from == s.len)
            *from = start;
        *to = end;
    }
}

static size_t column_of(const struct buf *out, size_t base, size_t column)
{
    for (size_t at = out->len; at > base; at--)
        if (out->data[at - 1] == '\n')
            return out->len - at;
    return column + out->len - base;
}

/* Words that stay as they are; `first`: nothing of the field stands before them. */
static void put_plain(struct buf *out, struct slice s, size_t column, bool first)
{
    size_t base = out->len, start;

    for (size_t at = 0, end; at < s.len; at = end) {
        end = word_end(s, at, &start);
        if (start == s.len)            /* blanks before encoded words: theirs to fold */
            break;
        bool fits = column_of(out, base, column) + end - at <= LINE;
        if (!fits && !(first && at == 0) && start > at)
            buf_put_text(out, "\r\n");
        buf_put(out, s.data + at, end - at);
    }
}

static void put_text(struct buf *out, struct slice s, size_t column)
{
    size_t from, to, base = out->len;

    find_encoded(s, &from, &to);
    put_plain(out, slice_make(s.data, from), column, true);
    if (from == s.len)
        return;
    size_t blanks = from;
    while (blanks > 0 && is_blank(s.data[blanks - 1]))
        blanks--;
    /* A word of a few characters at the end of a line helps nobody. */
    if (from && column_of(out, base, column) > LINE / 2)
        buf_put_text(out, "\r\n");
    buf_put(out, s.data + blanks, from - blanks);
    words_encode(out, slice_make(s.data + from, to - from), column_of(out, base, column));
    put_plain(out, slice_from(s, to), column_of(out, base, column), false);
}

void words_unstructured(struct buf *out, struct slice text, size_t column)
{
    struct buf clean;

    buf_init(&clean, text.len);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        buf_put_byte(&clean, ascii_is_control(c) && c != '\t' ? ' ' : c);
    }
    put_text(out, slice_trim(buf_slice(&clean)), column);
    buf_clear(&clean);
}

/* RFC 2231 7: attribute-char. */
static bool is_attribute(char c)
{
    return c > ' ' && c < 127 && !strchr("*'%()<>@,;:\\\"/[]?=", c);
}

/* One character of the value, quoted or percent-encoded. */
static void put_character(struct buf *out, struct slice c, bool encoded)
{
    for (size_t i = 0; i < c.len; i++) {
        if (encoded && !is_attribute(c.data[i]))
            buf_put_format(out, "%%%02X", (unsigned)(unsigned char)c.data[i]);
        else if (!encoded && (c.data[i] == '"' || c.data[i] == '\\'))
            buf_put_format(out, "\\%c", c.data[i]);
        else
            buf_put_byte(out, c.data[i]);
    }
}

static bool needs_encoding(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (ascii_is_control(value.data[i]) || (unsigned char)value.data[i] > 127)
            return true;
    return false;
}

/* How a value is written, all sections of it alike. */
struct parameter {
    const char *name;
    bool encoded, is_utf8;
};

/* As many characters as fit into the line, one at least. */
static size_t put_section(struct buf *line, const struct parameter *p, struct slice value)
{
    size_t used = 0;

    while (used < value.len) {
        size_t len = character(slice_from(value, used), p->is_utf8);
        size_t before = line->len;
        put_character(line, slice_make(value.data + used, len), p->encoded);
        if (used && line->len + !p->encoded > PARAMETER_LINE) {
            buf_cut(line, before);
            break;
        }
        used += len;
    }
    buf_put_text(line, p->encoded ? "" : "\"");
    return used;
}

/* Section `number` of a value that is split, or the whole of it (-1). */
static size_t put_line(struct buf *line, const struct parameter *p, int number, struct slice value)
{
    buf_reset(line);
    buf_put_text(line, p->name);
    if (number >= 0)
        buf_put_format(line, "*%d", number);
    buf_put_text(line, p->encoded ? "*=" : "=\"");
    if (p->encoded && number <= 0)
        buf_put_format(line, "%s''", charset_of(p->is_utf8).data);
    return put_section(line, p, value);
}

void words_parameter(struct buf *out, const char *name, struct slice value)
{
    struct parameter p = {name, needs_encoding(value), is_utf8_text(value)};
    struct buf line;
    int number = -1;

    buf_init(&line, 1000);
    size_t used = put_line(&line, &p, number, value);
    if (used < value.len)
        used = put_line(&line, &p, ++number, value);
    buf_put_format(out, ";\r\n %s", line.data);
    while (used < value.len) {
        value = slice_from(value, used);
        used = put_line(&line, &p, ++number, value);
        buf_put_format(out, ";\r\n %s", line.data);
    }
    buf_clear(&line);
}
