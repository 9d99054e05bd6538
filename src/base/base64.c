/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        unsigned long group = (unsigned long)(unsigned char)bytes.data[i] << 16;
        if (left > 1)
            group |= (unsigned long)(unsigned char)bytes.data[i + 1] << 8;
        if (left > 2)
            group |= (unsigned long)(unsigned char)bytes.data[i + 2];
        char text[4] = {alphabet[group >> 18 & 63], alphabet[group >> 12 & 63],
                        left > 1 ? alphabet[group >> 6 & 63] : '=',
                        left > 2 ? alphabet[group & 63] : '='};
        buf_put(out, text, sizeof text);
    }
}

static int sextet(char c)
{
    const char *hit = c ? strchr(alphabet, c) : NULL;
    return hit ? (int)(hit - alphabet) : -1;
}

/* Four characters to one, two or three octets; `last` allows padding. */
static bool decode_group(struct buf *out, const char *text, bool last)
{
    int count = text[3] != '=' ? 4 : text[2] != '=' ? 3 : 2;
    unsigned long group = 0;

    if (count < 4 && !last)
        return false;
    for (int i = 0; i < count; i++) {
        int value = sextet(text[i]);
        if (value < 0)
            return false;
        group |= (unsigned long)value << (18 - 6 * i);
    }
    unsigned long unused = count == 4 ? 0 : count == 3 ? 0xff : 0xffff;
    if (group & unused)
        return false;
    char bytes[3] = {(char)(group >> 16 & 0xff), (char)(group >> 8 & 0xff), (char)(group & 0xff)};
    buf_put(out, bytes, (size_t)count - 1);
    return true;
}

bool base64_decode(struct buf *out, struct slice text)
{
    size_t start = out->len;

    if (text.len % 4 != 0)
        return false;
    for (size_t i = 0; i < text.len; i += 4)
        if (!decode_group(out, text.data + i, i + 4 == text.len)) {
            buf_cut(out, start);
            return false;
        }
    return !out->overflow;
}
