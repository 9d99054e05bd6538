/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_ARGUMENT_H
#define SMTP_ARGUMENT_H

#include <stdint.h>

#include "mail/envelope.h"

/* What stands behind a verb, for who hears commands: words, paths, and the parameters of MAIL and
 * RCPT (RFC 5321 4.1.2, RFC 1870, RFC 6152, RFC 6531, RFC 3461). */

/* The next word of *rest, which loses it; empty: there is none. */
struct slice argument_word(struct slice *rest);
/* "FROM:<a@b>" or "TO:<a@b>": the path, up to the ">" that no quotes protect. */
bool argument_path(struct slice *rest, struct slice keyword, struct slice *path);

struct argument {
    struct envelope *envelope;       /* MAIL */
    uint64_t size;           /* SIZE as declared; 0: not */
    struct recipient *recipient;     /* RCPT */
};

/* Take the parameters in; NULL, or the reply to the one that is wrong. */
const char *argument_of_mail(struct argument *a, struct slice rest);
const char *argument_of_rcpt(struct argument *a, struct slice rest);

#endif
