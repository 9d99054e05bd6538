/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include <stdint.h>

#include "base/buf.h"
#include "mail/envelope.h"
#include "mail/path.h"
#include "smtp/verb.h"

/* The only writer of command lines. It takes a verb, paths and numbers, never a text with a line
 * end in it: a struct path cannot hold one, the values of DSN parameters are xtext, and the words
 * that come from a person (the name in EHLO, parameters given by hand) are checked. Each call
 * appends one line with its CRLF. */

/* Parameters of MAIL FROM; absent ones are 0 or false. */
struct mail_params {
    bool has_size;
    uint64_t size;           /* RFC 1870 */
    bool body_8bitmime;      /* RFC 6152 */
    bool smtputf8;           /* RFC 6531 */
    bool require_tls;        /* RFC 8689 */
    enum ret ret;            /* RFC 3461 4.3 */
    const char *envid;       /* RFC 3461 4.4, in xtext; NULL: none */
    const struct strings *others;    /* "KEYWORD=value", each command_parameter_is_valid; or NULL */
};

/* Parameters of RCPT TO. */
struct rcpt_params {
    unsigned notify;         /* RFC 3461 4.1, enum notify or-ed */
    const char *orcpt;       /* RFC 3461 4.2, in xtext; NULL: none */
    const struct strings *others;
};

/* RFC 5321 4.1.2, esmtp-param: "KEYWORD" or "KEYWORD=value", without blanks and control bytes. */
bool command_parameter_is_valid(struct slice text);

void command_simple(struct buf *out, enum verb verb);       /* STARTTLS DATA RSET QUIT */
/* EHLO or HELO. False, nothing written, if `name` is neither domain nor address literal. */
bool command_hello(struct buf *out, enum verb verb, struct slice name);
void command_mail(struct buf *out, const struct path *reverse_path,
                  const struct mail_params *params);
void command_rcpt(struct buf *out, const struct path *forward_path,
                  const struct rcpt_params *params);
/* RFC 3030 2: `octets` of the message follow at once. */
void command_bdat(struct buf *out, uint64_t octets, bool last);
/* AUTH with the mechanism's name and, unless it is NULL, the initial response in base64; "=" stands
 * for an empty one (RFC 4954 4). Wipe `out`. */
void command_auth(struct buf *out, const char *mechanism, const struct slice *initial);

#endif
