/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/utf8.h"

/* By the number of octets: the smallest code point that needs them (no overlong forms). */
static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

static size_t length_of(unsigned char first)
{
    return first < 0x80                    ? 1
           : first >= 0xc2 && first <= 0xdf ? 2
           : (first & 0xf0) == 0xe0        ? 3
           : first >= 0xf0 && first <= 0xf4 ? 4
                                           : 0;
}

size_t utf8_decode(struct slice s, uint32_t *point)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t len = s.len ? length_of((unsigned char)s.data[0]) : 0;

    if (len == 0 || len > s.len)
        return 0;
    uint32_t value = (unsigned char)s.data[0] & masks[len];
    for (size_t i = 1; i < len; i++) {
        unsigned char next = (unsigned char)s.data[i];
        if ((next & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (next & 0x3f);
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < smallest[len] || surrogate || value > 0x10ffff)
        return 0;
    *point = value;
    return len;
}

size_t utf8_length(struct slice s)
{
    size_t length = 0;
    uint32_t point;

    for (size_t at = 0; at < s.len; length++) {
        size_t octets = utf8_decode(slice_from(s, at), &point);
        at += octets ? octets : 1;
    }
    return length;
}

bool utf8_is_visible(uint32_t point)
{
    bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    bool mark = (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
                (point >= 0x2066 && point <= 0x206f);

    return !control && !mark;
}
