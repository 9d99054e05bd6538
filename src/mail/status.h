/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_STATUS_H
#define MAIL_STATUS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* What became of a recipient, or of a whole conversation. "They said no" is an outcome, data and
 * not an error; a local failure (struct err) becomes an outcome when it decides the fate of
 * recipients, so that there is one thing to report, to queue and to turn into an exit status. */

/* RFC 3463 x.y.z; klass 0 when there is none. */
struct status {
    unsigned char klass;     /* 2, 4 or 5 */
    unsigned short subject;  /* 0 to 999 */
    unsigned short detail;
};

enum verdict {
    VERDICT_NONE = 0,        /* nothing decided yet */
    VERDICT_DELIVERED,       /* the server took responsibility */
    VERDICT_DEFERRED,        /* not now; the same may work later */
    VERDICT_REFUSED,         /* not ever */
    VERDICT_IN_DOUBT         /* the end of data was sent, its answer never came */
};

struct outcome {
    enum verdict verdict;
    enum err_kind kind;      /* ERR_NONE: the server's word on this very thing */
    bool by_server;          /* text holds the server's words, code its reply code */
    unsigned short code;     /* 0 without a reply */
    struct status status;
    const char *step;        /* what was being done: a literal such as "MAIL FROM"; may be NULL */
    char *text;              /* one line, owned, may be NULL; for the server's word, code first */
};

/* "5.7.8" at the start of `text`, followed by a blank or the end; *used its length. */
bool status_parse(struct slice text, struct status *status, size_t *used);
void status_format(struct buf *out, struct status status);   /* nothing when klass is 0 */

const char *verdict_name(enum verdict verdict);              /* "delivered", "deferred", ... */

void outcome_clear(struct outcome *o);
/* Neither looks at what *to or *o held before. */
void outcome_copy(struct outcome *to, const struct outcome *from);
/* A failure of ours; DEFERRED or REFUSED after err_classes. `step` is a literal. */
void outcome_from_err(struct outcome *o, const struct err *e, const char *step);
/* The worse of two verdicts for an exit status:
 * REFUSED > IN_DOUBT > DEFERRED > NONE > DELIVERED. */
bool outcome_is_worse(const struct outcome *a, const struct outcome *b);

#endif
