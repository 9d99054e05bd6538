/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_CAPABILITY_H
#define SMTP_CAPABILITY_H

#include <stdint.h>

#include "base/strings.h"
#include "smtp/reply.h"

/* What a server says it can do, from its answer to EHLO (RFC 5321 4.1.1.1). A value: after STARTTLS
 * the old one is cleared and a new one made, for what was said in clear counts for nothing
 * (RFC 3207 4.2). */

enum capability {
    CAPABILITY_STARTTLS = 1 << 0,    /* RFC 3207 */
    CAPABILITY_AUTH = 1 << 1,        /* RFC 4954 */
    CAPABILITY_PIPELINING = 1 << 2,  /* RFC 2920 */
    CAPABILITY_SIZE = 1 << 3,        /* RFC 1870 */
    CAPABILITY_8BITMIME = 1 << 4,    /* RFC 6152 */
    CAPABILITY_SMTPUTF8 = 1 << 5,    /* RFC 6531 */
    CAPABILITY_ENHANCED = 1 << 6,    /* RFC 2034 */
    CAPABILITY_DSN = 1 << 7,         /* RFC 3461 */
    CAPABILITY_CHUNKING = 1 << 8,    /* RFC 3030 */
    CAPABILITY_LIMITS = 1 << 9,      /* RFC 9422 */
    CAPABILITY_REQUIRETLS = 1 << 10  /* RFC 8689 */
};

/* RFC 9422 4: how much of a session the server is good for. 0: not said. */
struct session_limits {
    unsigned long mail_max;          /* MAIL commands in a session */
    unsigned long rcpt_max;          /* recipients in a transaction */
    unsigned long rcpt_domain_max;   /* different domains of recipients in a session */
};

struct capabilities {
    unsigned offered;        /* enum capability, or-ed */
    uint64_t size;           /* largest message; 0: no fixed limit, or not said */
    struct session_limits limits;
    struct strings keywords; /* all of them, as written */
    struct strings auth;     /* mechanisms, as written; both "AUTH X Y" and the old "AUTH=X Y" */
};

/* `c` must be zeroed or in use; its old content is released. */
void capabilities_parse(struct capabilities *c, const struct reply *ehlo);
void capabilities_clear(struct capabilities *c);
bool capabilities_has(const struct capabilities *c, enum capability capability);
/* The same for any keyword, known to us or not. */
bool capabilities_has_keyword(const struct capabilities *c, struct slice keyword);

#endif
