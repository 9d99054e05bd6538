/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/json.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

static uint32_t level(const struct json *j)
{
    return UINT32_C(1) << j->depth;
}

static void put_line(struct json *j)
{
    buf_put_byte(j->out, '\n');
    for (unsigned i = 0; i < j->depth; i++)
        buf_put_text(j->out, "  ");
}

static void put_escape(struct buf *out, uint32_t point)
{
    static const char letters[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *at = point && point < 128 ? strchr(letters, (int)point) : NULL;

    if (at)
        buf_put_format(out, "\\%c", names[at - letters]);
    else
        buf_put_format(out, "\\u%04" PRIx32, point);
}

static void put_quoted(struct buf *out, struct slice text)
{
    buf_put_byte(out, '"');
    for (size_t i = 0; i < text.len;) {
        uint32_t point;
        size_t len = utf8_decode(slice_from(text, i), &point);
        if (len == 0)
            buf_put_text(out, "\xef\xbf\xbd");
        else if (point == '"' || point == '\\' || !utf8_is_visible(point))
            put_escape(out, point);
        else
            buf_put(out, text.data + i, len);
        i += len ? len : 1;
    }
    buf_put_byte(out, '"');
}

/* What stands before a value: a comma after another one, the place, the key. */
static void open_member(struct json *j, const char *key)
{
    if (j->filled & level(j))
        buf_put_byte(j->out, ',');
    j->filled |= level(j);
    if (j->depth)
        put_line(j);
    if (key) {
        put_quoted(j->out, slice_of(key));
        buf_put_text(j->out, ": ");
    }
}

static void put_literal(struct json *j, const char *key, const char *literal)
{
    open_member(j, key);
    buf_put_text(j->out, literal);
}

static void begin(struct json *j, const char *key, bool is_array)
{
    open_member(j, key);
    buf_put_byte(j->out, is_array ? '[' : '{');
    j->depth++;
    j->filled &= ~level(j);
    j->arrays = is_array ? j->arrays | level(j) : j->arrays & ~level(j);
}

void json_init(struct json *j, struct buf *out)
{
    *j = (struct json){.out = out};
}

void json_begin_object(struct json *j, const char *key)
{
    begin(j, key, false);
}

void json_begin_array(struct json *j, const char *key)
{
    begin(j, key, true);
}

void json_end(struct json *j)
{
    bool is_array = j->arrays & level(j), filled = j->filled & level(j);

    j->depth--;
    if (filled)
        put_line(j);
    buf_put_byte(j->out, is_array ? ']' : '}');
    if (j->depth == 0)
        buf_put_byte(j->out, '\n');
}

void json_put_text(struct json *j, const char *key, struct slice text)
{
    open_member(j, key);
    put_quoted(j->out, text);
}

void json_put_string(struct json *j, const char *key, const char *text)
{
    if (text)
        json_put_text(j, key, slice_of(text));
    else
        json_put_null(j, key);
}

void json_put_number(struct json *j, const char *key, int64_t number)
{
    open_member(j, key);
    buf_put_format(j->out, "%" PRId64, number);
}

void json_put_bool(struct json *j, const char *key, bool value)
{
    put_literal(j, key, value ? "true" : "false");
}

void json_put_null(struct json *j, const char *key)
{
    put_literal(j, key, "null");
}
