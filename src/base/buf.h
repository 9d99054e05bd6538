/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compat.h"

/* struct slice: borrowed bytes, not NUL-terminated, never freed through the slice.
 *
 * struct buf: owned bytes that grow up to a maximum given at birth. Always NUL-terminated (the NUL
 * is not counted). A write that would pass the maximum is not done at all and sets `overflow`,
 * which stays set until buf_reset: write on, and test once at the end. `max` does not count the
 * NUL. Whoever called buf_init calls buf_clear. */

struct slice {
    const char *data;
    size_t len;
};

struct buf {
    char *data;
    size_t len;
    size_t capacity;
    size_t max;
    bool overflow;
};

/* A literal as a slice. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

struct slice slice_of(const char *text);   /* NULL gives the empty slice */

static inline struct slice slice_make(const char *data, size_t len)
{
    return (struct slice){data, len};
}

/* An offset beyond the end: empty. */
static inline struct slice slice_from(struct slice s, size_t offset)
{
    if (offset > s.len)
        offset = s.len;
    /* The empty slice may be a NULL, to which C allows no addition of 0. */
    return (struct slice){offset ? s.data + offset : s.data, s.len - offset};
}

struct slice slice_trim(struct slice s);   /* without blanks, tabs, CR and LF at both ends */
bool slice_eq(struct slice a, struct slice b);
bool slice_eq_nocase(struct slice a, struct slice b);   /* ASCII letters only */
bool slice_has_prefix(struct slice s, struct slice prefix);
bool slice_has_prefix_nocase(struct slice s, struct slice prefix);
/* Offset of the first `byte` at or after `offset`; s.len if there is none. */
size_t slice_find(struct slice s, char byte, size_t offset);
bool slice_has_byte(struct slice s, char byte);
size_t slice_count(struct slice s, char byte);
/* Any octet over 127. */
bool slice_has_8bit(struct slice s);
/* A strict decimal number without sign: false for anything else or more than max. */
bool slice_number(struct slice s, unsigned long max, unsigned long *value);
char *slice_dup(struct slice s);           /* free() */

/* Of ASCII alone, and asked for each octet of what comes in: so they are here. */
static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c)
{
    c = ascii_lower(c);
    return c >= 'a' && c <= 'z';
}

/* Below 32, and 127. */
static inline bool ascii_is_control(char c)
{
    return (unsigned char)c < 32 || c == 127;
}

int ascii_hex_value(char c);               /* 0 to 15, or -1 */

void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b);             /* releases; the buf may be used again */
void buf_wipe(struct buf *b);              /* as buf_clear, bytes overwritten first */
void buf_reset(struct buf *b);             /* empty, memory kept, overflow forgotten */
void buf_put(struct buf *b, const void *data, size_t len);
/* Room for `len` octets behind what is there, for the caller to write to and to say with buf_added
 * how many it wrote. NULL: that would be more than the maximum. */
char *buf_room(struct buf *b, size_t len);
void buf_added(struct buf *b, size_t len);
void buf_put_slice(struct buf *b, struct slice s);
void buf_put_text(struct buf *b, const char *text);
void buf_put_byte(struct buf *b, char byte);
void buf_put_format(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_cut(struct buf *b, size_t len);   /* forget everything from len on */
void buf_drop(struct buf *b, size_t count); /* forget the first count bytes */
struct slice buf_slice(const struct buf *b);
/* The bytes as a NUL-terminated string that the caller frees; the buf is empty afterwards. */
char *buf_take(struct buf *b);

#endif
