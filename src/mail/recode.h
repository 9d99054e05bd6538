/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_RECODE_H
#define MAIL_RECODE_H

#include "mail/message.h"

/* Another transfer encoding for what a way cannot carry. Only the encodings of leaf parts change
 * (quoted-printable, or base64 where little of it could be read), never what they decode to, nor
 * anything that is signed or encrypted. Text in a message without MIME fields gets those too:
 * charset us-ascii, utf-8, or unknown-8bit (RFC 1428). */

enum recode {
    RECODE_LONG_LINES = 1 << 0,    /* over 998 octets (RFC 5321 4.5.3.1.6) */
    RECODE_NUL = 1 << 1,
    RECODE_8BIT = 1 << 2
};

/* `to` is initialised here. *changed: it is `from` with the parts that are in need, of what `what`
 * names, re-encoded; not changed: it is empty, for there are none. */
bool recode_message(const struct message *from, unsigned what, struct message *to, bool *changed,
                    struct err *e);

#endif
