/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_TEXT_H
#define MAIL_TEXT_H

#include "base/spill.h"
#include "mail/transfer.h"
#include "mail/wire.h"

/* Text on its way into a message: made canonical (CRLF), kept in a spill, and measured, so that its
 * charset and its transfer encoding can be chosen. */

struct text {
    bool measure_only;       /* body stays empty */
    struct spill body;
    struct wire_in wire;     /* measures: longest_line, has_nul, has_8bit */
    struct utf8_check utf8;
    struct buf block;
    uint64_t octets_8bit;
    bool has_control;        /* other than tabs, form feeds and line ends */
    bool has_delimiter;      /* a line begins like a boundary of ours, "--=_" */
    unsigned matched;        /* state: how much of that this line begins with */
};

enum text_encoding { TEXT_7BIT, TEXT_QUOTED_PRINTABLE, TEXT_BASE64 };

void text_init(struct text *t, const char *directory);
void text_clear(struct text *t);
bool text_put(struct text *t, struct slice bytes, struct err *e);
bool text_end(struct text *t, struct err *e);
/* Everything that comes out of fd. `what` names it in errors. */
bool text_read(struct text *t, int fd, const char *what, struct err *e);

/* Its measures alone; after the first NUL, which no text has, nothing more is read. */
bool text_measure(struct text *t, int fd, const char *what, struct err *e);

/* After text_end. us-ascii, utf-8, or unknown-8bit (RFC 1428). */
const char *text_charset(const struct text *t);
/* 7bit where that loses nothing, else what is read better. */
enum text_encoding text_choose_encoding(const struct text *t);
/* Append the body in that encoding to `out`. */
bool text_encode(const struct text *t, enum text_encoding encoding, struct spill *out,
                 struct err *e);

#endif
