/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include "mail/envelope.h"
#include "mail/message.h"
#include "smtp/session.h"

/* One mail transaction, RFC 5321 3.3: MAIL, RCPT for each recipient, DATA, the message. With
 * PIPELINING the commands are one flight, and QUIT leaves with the end of the data when it is the
 * last transaction of the session.
 *
 * Afterwards every recipient without a verdict has one: the server's word on it, or on the sender
 * or message, or what broke the conversation. A lost answer to the end of data is IN_DOUBT. Over
 * LMTP each recipient has its own word on the message (RFC 2033 4.2). */

struct transaction {
    struct envelope *envelope;
    const struct message *message;   /* message_measure was called */
    bool last;               /* QUIT follows; the session is closed when transaction_run returns */
};

/* True: the session can take another transaction. */
bool transaction_run(struct session *s, const struct transaction *t);

#endif
