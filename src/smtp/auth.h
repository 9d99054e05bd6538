/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_AUTH_H
#define SMTP_AUTH_H

#include "sasl/sasl.h"
#include "smtp/session.h"

/* The framing of a SASL exchange in SMTP, RFC 4954 4: base64, 334, "*" to cancel. The initial
 * response rides in the command while the line stays within LIMIT_AUTH_INLINE octets, else it waits
 * for the first 334; a server that does not know initial responses (500, 501) is asked again in two
 * steps.
 *
 * True: the server has spoken its last word, which is in s->reply, and a 235 in it was earned, for
 * the mechanism has seen all that it needs. False: `why` is filled and the session closed. `sasl`
 * was started by the caller, who ends it. */
bool auth_exchange(struct session *s, struct sasl *sasl, struct outcome *why);

#endif
