/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "base/secret.h"
#include "mail/status.h"
#include "net/stream.h"
#include "smtp/transcript.h"

/* An answer of the server, RFC 5321 4.2, checked at the door: three digits of which the first is 2
 * to 5, the same on every line, bounded in lines and octets. It dies inside smtp/; what leaves is a
 * struct outcome. */

/* What a server may hand back to us in its words ("unrecognized: AUTH PLAIN ..."). */
enum veil {
    VEIL_SECRET,             /* the password or token */
    VEIL_SAID,               /* the line that it was last in, encoded */
    VEILS
};

struct reply {
    unsigned code;
    struct status status;    /* RFC 2034; klass 0 when the server gives none */
    struct buf text;         /* the lines less their codes, joined by LF; enhanced status left in */
    unsigned lines;
    struct secret veiled[VEILS];
};

void reply_init(struct reply *r);
void reply_clear(struct reply *r);

/* From now on these octets are replaced in every answer, before anybody sees it, challenges aside;
 * fewer than 4 are not looked for, they would be found everywhere. None: no more. */
void reply_veil(struct reply *r, enum veil which, struct slice octets);

/* One line without CRLF; *more tells that another follows. The first call for an answer comes with
 * r->lines == 0. ERR_PROTOCOL when the line cannot be one. */
bool reply_parse_line(struct reply *r, struct slice line, bool *more, struct err *e);
/* A whole answer before the deadline; r may be used again and again. */
bool reply_read(struct reply *r, struct stream *s, struct deadline deadline,
                const struct transcript *t, struct err *e);

bool reply_is_success(const struct reply *r);    /* 2xx */
bool reply_is_temporary(const struct reply *r);  /* 4xx */
bool reply_is_permanent(const struct reply *r);  /* 5xx */

/* "550 5.1.1 User unknown" on one line, at most LIMIT_REPLY_TEXT octets, for struct outcome. */
char *reply_words(const struct reply *r);

#endif
