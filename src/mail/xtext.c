/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/xtext.h"

#include "base/limits.h"

static bool stands_for_itself(char c)
{
    return c >= '!' && c <= '~' && c != '+' && c != '=';
}

/* Only upper-case digits are xtext (RFC 3461 4); -1 for others. */
static int hex_value(char c)
{
    return c >= 'a' && c <= 'f' ? -1 : ascii_hex_value(c);
}

/* The octet that begins at *at, which moves behind it; -1: none. */
static int next_octet(struct slice text, size_t *at)
{
    char c = text.data[*at];

    if (c != '+') {
        ++*at;
        return stands_for_itself(c) ? (unsigned char)c : -1;
    }
    if (text.len - *at < 3)
        return -1;
    int high = hex_value(text.data[*at + 1]), low = hex_value(text.data[*at + 2]);
    *at += 3;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

void xtext_encode(struct buf *out, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (stands_for_itself(bytes.data[i]))
            buf_put_byte(out, bytes.data[i]);
        else
            buf_put_format(out, "+%02X", (unsigned)(unsigned char)bytes.data[i]);
    }
}

bool xtext_decode(struct buf *out, struct slice text)
{
    for (size_t at = 0; at < text.len;) {
        int octet = next_octet(text, &at);
        if (octet < 0)
            return false;
        buf_put_byte(out, (char)octet);
    }
    return true;
}

bool xtext_is_valid(struct slice text)
{
    size_t at = 0;

    while (at < text.len)
        if (next_octet(text, &at) < 0)
            return false;
    return true;
}

bool xtext_is_envid(struct slice text)
{
    return text.len > 0 && text.len <= LIMIT_ENVID && xtext_is_valid(text);
}

bool xtext_is_orcpt(struct slice text)
{
    size_t semicolon = slice_find(text, ';', 0);

    for (size_t i = 0; i < semicolon; i++)
        if (!ascii_is_alpha(text.data[i]) && !ascii_is_digit(text.data[i]) && text.data[i] != '-')
            return false;
    return semicolon > 0 && semicolon + 1 < text.len && text.len <= LIMIT_ORCPT &&
           xtext_is_valid(slice_from(text, semicolon + 1));
}
