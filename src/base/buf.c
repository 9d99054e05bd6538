/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/mem.h"

struct slice slice_of(const char *text)
{
    return (struct slice){text ? text : "", text ? strlen(text) : 0};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
    while (s.len && is_blank(s.data[0]))
        s = slice_from(s, 1);
    while (s.len && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
            return false;
    return true;
}

bool slice_has_prefix(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_eq(slice_make(s.data, prefix.len), prefix);
}

bool slice_has_prefix_nocase(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_eq_nocase(slice_make(s.data, prefix.len), prefix);
}

size_t slice_find(struct slice s, char byte, size_t offset)
{
    if (offset >= s.len)
        return s.len;
    const char *hit = memchr(s.data + offset, byte, s.len - offset);
    return hit ? (size_t)(hit - s.data) : s.len;
}

bool slice_has_byte(struct slice s, char byte)
{
    return slice_find(s, byte, 0) < s.len;
}

/* Counted in octets for as long as these cannot overflow: a loop that compilers make wide. */
size_t slice_count(struct slice s, char byte)
{
    enum { STRETCH = 240 };
    size_t i = 0, total = 0;

    for (; i + STRETCH <= s.len; i += STRETCH) {
        uint8_t count = 0;
        for (size_t k = 0; k < STRETCH; k++)
            count = (uint8_t)(count + (s.data[i + k] == byte));
        total += count;
    }
    for (; i < s.len; i++)
        total += s.data[i] == byte;
    return total;
}

bool slice_has_8bit(struct slice s)
{
    enum { STRETCH = 256, SHORT = 16 };
    size_t i = 0;
    uint8_t seen = 0;

    for (; i + STRETCH <= s.len && seen < 0x80; i += STRETCH)
        for (size_t k = 0; k < STRETCH; k++)
            seen |= (uint8_t)s.data[i + k];
    for (; i + SHORT <= s.len; i += SHORT)
        for (size_t k = 0; k < SHORT; k++)
            seen |= (uint8_t)s.data[i + k];
    for (; i < s.len; i++)
        seen |= (uint8_t)s.data[i];
    return seen >= 0x80;
}

bool slice_number(struct slice s, unsigned long max, unsigned long *value)
{
    unsigned long n = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!ascii_is_digit(s.data[i]))
            return false;
        unsigned long digit = (unsigned long)(s.data[i] - '0');
        if (digit > max || n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *value = n;
    return true;
}

char *slice_dup(struct slice s)
{
    return mem_strndup(s.data, s.len);
}

int ascii_hex_value(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_clear(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

void buf_wipe(struct buf *b)
{
    if (b->data)
        OPENSSL_cleanse(b->data, b->capacity);
    buf_clear(b);
}

void buf_reset(struct buf *b)
{
    buf_cut(b, 0);
    b->overflow = false;
}

/* Room for `more` bytes and the NUL; false when the maximum forbids it. A buffer may hold a secret,
 * so what it grows out of is wiped before it is released. */
static bool reserve(struct buf *b, size_t more)
{
    if (b->overflow || more > b->max || b->len > b->max - more) {
        b->overflow = true;
        return false;
    }
    size_t need = b->len + more + 1;
    if (need > b->capacity) {
        size_t capacity = b->capacity ? b->capacity : 64;
        while (capacity < need)
            capacity *= 2;
        char *data = mem_resize(NULL, capacity, 1);
        if (b->len)
            memcpy(data, b->data, b->len);
        if (b->data)
            OPENSSL_cleanse(b->data, b->len);
        free(b->data);
        b->data = data;
        b->capacity = capacity;
    }
    return true;
}

char *buf_room(struct buf *b, size_t len)
{
    return reserve(b, len) ? b->data + b->len : NULL;
}

void buf_added(struct buf *b, size_t len)
{
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_put(struct buf *b, const void *data, size_t len)
{
    if (!reserve(b, len))
        return;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_put_slice(struct buf *b, struct slice s)
{
    buf_put(b, s.data, s.len);
}

void buf_put_text(struct buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

void buf_put_byte(struct buf *b, char byte)
{
    buf_put(b, &byte, 1);
}

void buf_put_format(struct buf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (need < 0 || !reserve(b, (size_t)need)) {
        b->overflow = true;
        return;
    }
    va_start(args, format);
    vsnprintf(b->data + b->len, (size_t)need + 1, format, args);
    va_end(args);
    b->len += (size_t)need;
}

void buf_cut(struct buf *b, size_t len)
{
    if (len < b->len)
        b->len = len;
    if (b->data)
        b->data[b->len] = '\0';
}

void buf_drop(struct buf *b, size_t count)
{
    if (count >= b->len) {
        buf_cut(b, 0);
        return;
    }
    memmove(b->data, b->data + count, b->len - count);
    buf_cut(b, b->len - count);
}

struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->data ? b->data : "", b->len};
}

char *buf_take(struct buf *b)
{
    char *text = b->data ? b->data : mem_strdup("");
    buf_init(b, b->max);
    return text;
}
