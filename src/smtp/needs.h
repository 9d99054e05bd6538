/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_NEEDS_H
#define SMTP_NEEDS_H

#include "mail/envelope.h"
#include "mail/message.h"
#include "smtp/command.h"
#include "smtp/session.h"

/* What a message asks of a server, held against what the server offers, before it is bothered with
 * it: size, addresses beyond ASCII, REQUIRETLS, parameters given by hand. What is only a wish
 * (delivery status notifications) is left out where it is not offered. */

/* The parameters of MAIL. ERR_REFUSED: this server cannot take the message. Domains beyond ASCII
 * are put into A-labels where the server needs that. */
bool needs_of_mail(const struct session *s, struct envelope *v, const struct message *m,
                   struct mail_params *mail, struct err *e);
/* The parameters of RCPT; borrowed from envelope and recipient. */
struct rcpt_params needs_of_recipient(const struct session *s, const struct envelope *v,
                                      const struct recipient *r);

/* Can the text be given for --mail-param or --rcpt-param? Its form is right, and it is none that is
 * set from what is known of the message. ERR_USAGE. */
bool needs_take_parameter(struct slice text, struct err *e);

#endif
