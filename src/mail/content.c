/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/content.h"

#include <string.h>

/* RFC 2045 5.1: neither blanks, controls nor tspecials; octets over 127 are let through. */
static bool is_token(char c)
{
    return c != ' ' && !ascii_is_control(c) && !strchr("()<>@,;:\\\"/[]?=", c);
}

/* The offset behind a comment that begins at `at`; comments nest (RFC 5322 3.2.2). */
static size_t skip_comment(struct slice s, size_t at)
{
    size_t depth = 0;

    for (; at < s.len; at++) {
        char c = s.data[at];
        if (c == '\\')
            at++;
        depth += c == '(';
        depth -= c == ')';
        if (depth == 0)
            return at + 1;
    }
    return s.len;
}

/* Blanks, line ends and comments. */
static struct slice skip_space(struct slice s)
{
    size_t at = 0;

    while (at < s.len) {
        if (strchr(" \t\r\n", s.data[at]) && s.data[at])
            at++;
        else if (s.data[at] == '(')
            at = skip_comment(s, at);
        else
            break;
    }
    return slice_from(s, at);
}

/* Takes a token off the front of *s, and what parts it from the next thing. */
static struct slice take_token(struct slice *s)
{
    struct slice token = skip_space(*s);
    size_t len = 0;

    while (len < token.len && is_token(token.data[len]))
        len++;
    *s = skip_space(slice_from(token, len));
    return slice_make(token.data, len);
}

static bool take_byte(struct slice *s, char byte)
{
    if (!s->len || s->data[0] != byte)
        return false;
    *s = skip_space(slice_from(*s, 1));
    return true;
}

/* A token or quoted string; where it is not wanted out is NULL. */
static void take_value(struct slice *s, struct buf *out)
{
    size_t at = 1;

    if (!s->len || s->data[0] != '"') {
        struct slice token = take_token(s);
        if (out)
            buf_put_slice(out, token);
        return;
    }
    for (; at < s->len && s->data[at] != '"'; at++) {
        if (s->data[at] == '\\' && at + 1 < s->len)
            at++;
        if (out && s->data[at] != '\r' && s->data[at] != '\n')
            buf_put_byte(out, s->data[at]);
    }
    *s = skip_space(slice_from(*s, at + 1));
}

void content_type_parse(struct content_type *t, struct slice value)
{
    *t = (struct content_type){.rest = value};
    t->type = take_token(&t->rest);
    if (take_byte(&t->rest, '/'))
        t->subtype = take_token(&t->rest);
    if (t->type.len == 0 || t->subtype.len == 0)
        *t = (struct content_type){0};
}

bool content_type_is(const struct content_type *t, const char *type, const char *subtype)
{
    return slice_eq_nocase(t->type, slice_of(type)) &&
           (!subtype || slice_eq_nocase(t->subtype, slice_of(subtype)));
}

bool content_param(const struct content_type *t, const char *name, struct buf *out)
{
    struct slice rest = t->rest;

    while (rest.len) {
        size_t before = rest.len;
        if (take_byte(&rest, ';'))
            continue;
        struct slice found = take_token(&rest);
        bool wanted = slice_eq_nocase(found, slice_of(name));
        if (take_byte(&rest, '='))
            take_value(&rest, wanted ? out : NULL);
        else
            wanted = false;
        if (wanted)
            return true;
        if (rest.len == before)            /* nothing that a parameter begins with */
            rest = slice_from(rest, 1);
    }
    return false;
}

struct slice content_token(struct slice value)
{
    return take_token(&value);
}
