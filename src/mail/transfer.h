/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_TRANSFER_H
#define MAIL_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Content transfer encodings of RFC 2045 6.7 and 6.8 as push encoders: bytes in, canonical lines of
 * at most 76 characters out. State is carried between blocks. */

struct quoted_printable {
    bool is_encoded;         /* what comes in is quoted-printable already: "=" stays */
    bool after_cr;           /* a CR waits for its LF */
    char blank;              /* a blank or tab waits to know whether it ends the line; 0: none */
    unsigned column;
    unsigned from;           /* this line begins with so many letters of "From" */
};

void quoted_printable_init(struct quoted_printable *q);
/* Text mode: CRLF in is a line end; any other CR or LF, NUL and 8-bit octets are encoded. Also
 * encoded: "From " and "." at the start of a line, for careless relays. Text that does not end with
 * CRLF ends with a soft line break. */
void quoted_printable_put(struct quoted_printable *q, struct slice bytes, struct buf *out);
void quoted_printable_end(struct quoted_printable *q, struct buf *out);
/* In its place where a line end of somebody else's follows, as before a boundary. */
void quoted_printable_end_open(struct quoted_printable *q, struct buf *out);

struct base64_lines {
    unsigned char held[57];  /* less than one line of 76 characters */
    size_t count;
};

void base64_lines_init(struct base64_lines *b);
void base64_lines_put(struct base64_lines *b, struct slice bytes, struct buf *out);
void base64_lines_end(struct base64_lines *b, struct buf *out);

/* Base64 that comes in lines of any length, in lines of 76 characters, without the octets that a
 * decoder has to pass over (RFC 2045 6.8). `column` starts as 0. */
void base64_rewrap(unsigned *column, struct slice text, struct buf *out);
void base64_rewrap_end(unsigned *column, struct buf *out);

/* Is what was put so far well-formed UTF-8 (RFC 3629)? Also a push parser. */
struct utf8_check {
    unsigned char expected;  /* continuation octets that are still due */
    unsigned char low, high; /* range of the next one */
    bool bad;
};

void utf8_check_init(struct utf8_check *u);
void utf8_check_put(struct utf8_check *u, struct slice bytes);
bool utf8_check_is_valid(const struct utf8_check *u);

#endif
