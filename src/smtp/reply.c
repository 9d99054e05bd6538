/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/reply.h"

#include "base/limits.h"

enum { SECRET_SHORTEST = 4 };

void reply_init(struct reply *r)
{
    *r = (struct reply){0};
    buf_init(&r->text, LIMIT_REPLY);
}

void reply_clear(struct reply *r)
{
    buf_clear(&r->text);
    for (size_t i = 0; i < VEILS; i++)
        secret_clear(&r->veiled[i]);
}

void reply_veil(struct reply *r, enum veil which, struct slice octets)
{
    secret_clear(&r->veiled[which]);
    if (octets.len >= SECRET_SHORTEST)
        secret_set(&r->veiled[which], octets);
}

/* The three digits, or 0. */
static unsigned parse_code(struct slice line)
{
    unsigned long code;

    if (line.len < 3 || line.data[0] < '2' || line.data[0] > '5' ||
        !slice_number(slice_make(line.data, 3), 999, &code))
        return 0;
    return line.len == 3 || line.data[3] == ' ' || line.data[3] == '-' ? (unsigned)code : 0;
}

/* How much of the text from here on is one of ours; 0: nothing. */
static size_t veiled_at(const struct reply *r, struct slice text)
{
    for (size_t i = 0; i < VEILS; i++)
        if (!secret_is_empty(&r->veiled[i]) && slice_has_prefix(text, secret_bytes(&r->veiled[i])))
            return r->veiled[i].len;
    return 0;
}

/* The line as anybody may see it; in `clean` if that is another. Its code is nobody's password. */
static struct slice veil_line(const struct reply *r, struct slice line, struct buf *clean)
{
    unsigned code = parse_code(line);
    size_t copied = 0;

    if (code == 334)
        return line;
    for (size_t i = code ? 4 : 0; i < line.len; i++) {
        size_t len = veiled_at(r, slice_from(line, i));
        if (!len)
            continue;
        buf_put(clean, line.data + copied, i - copied);
        buf_put_text(clean, "<secret>");
        copied = i + len;
        i = copied - 1;
    }
    if (!copied)
        return line;
    buf_put_slice(clean, slice_from(line, copied));
    return buf_slice(clean);
}

static bool not_a_reply(struct slice line, struct err *e)
{
    size_t shown = line.len < 80 ? line.len : 80;

    return err_set(e, ERR_PROTOCOL, "the server does not speak SMTP: it sent \"%.*s\"", (int)shown,
                   line.data);
}

bool reply_parse_line(struct reply *r, struct slice line, bool *more, struct err *e)
{
    unsigned code = parse_code(line);
    struct slice text = slice_from(line, 4);
    size_t used;

    if (!code)
        return not_a_reply(line, e);
    if (r->lines && code != r->code)
        return err_set(e, ERR_PROTOCOL, "the server changed the code within an answer: %u, then %u",
                       r->code, code);
    if (r->lines == 0) {
        r->code = code;
        r->status = (struct status){0};
        buf_reset(&r->text);
        /* The class of an enhanced status must be that of the code (RFC 2034 4). */
        if (!status_parse(text, &r->status, &used) || r->status.klass != code / 100)
            r->status = (struct status){0};
    } else {
        buf_put_byte(&r->text, '\n');
    }
    /* A NUL would hide the rest from whoever prints it, a CR would write over what is before it. */
    size_t start = r->text.len;
    buf_put_slice(&r->text, text);
    for (size_t i = start; i < r->text.len; i++)
        if (r->text.data[i] == '\0' || r->text.data[i] == '\r')
            r->text.data[i] = '?';
    if (++r->lines > LIMIT_REPLY_LINES || r->text.overflow)
        return err_set(e, ERR_PROTOCOL, "the server's answer has no end (%u lines)", r->lines);
    *more = line.len > 3 && line.data[3] == '-';
    return true;
}

bool reply_read(struct reply *r, struct stream *s, struct deadline deadline,
                const struct transcript *t, struct err *e)
{
    bool more = true, ok = true;
    struct buf clean;

    buf_init(&clean, LIMIT_REPLY);
    r->lines = 0;
    while (ok && more) {
        struct slice line;
        buf_reset(&clean);
        ok = stream_line(s, deadline, &line, e);
        if (!ok)
            break;
        line = veil_line(r, line, &clean);
        transcript_line(t, SPEAKER_SERVER, line);
        ok = reply_parse_line(r, line, &more, e);
    }
    buf_clear(&clean);
    return ok;
}

bool reply_is_success(const struct reply *r)
{
    return r->code / 100 == 2;
}

bool reply_is_temporary(const struct reply *r)
{
    return r->code / 100 == 4;
}

bool reply_is_permanent(const struct reply *r)
{
    return r->code / 100 == 5;
}

/* The text of one line for the words: from the second line on the enhanced status, which servers
 * repeat on each, is left out. */
static struct slice line_text(struct slice text, size_t start, size_t end, bool repeated)
{
    struct slice line = slice_make(text.data + start, end - start);
    struct status again;
    size_t used;

    return repeated && status_parse(line, &again, &used) ? slice_trim(slice_from(line, used))
                                                         : line;
}

char *reply_words(const struct reply *r)
{
    struct slice text = buf_slice(&r->text);
    struct buf words;

    buf_init(&words, LIMIT_REPLY_TEXT);
    buf_put_format(&words, "%u", r->code);
    for (size_t start = 0; start <= text.len;) {
        size_t end = slice_find(text, '\n', start);
        struct slice line = line_text(text, start, end, start > 0 && r->status.klass);
        if (line.len) {
            size_t room = words.max - words.len;
            buf_put_byte(&words, ' ');
            buf_put(&words, line.data, line.len < room ? line.len : room ? room - 1 : 0);
        }
        start = end + 1;
    }
    return buf_take(&words);
}
