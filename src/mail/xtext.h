/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_XTEXT_H
#define MAIL_XTEXT_H

#include <stdbool.h>

#include "base/buf.h"

/* xtext, RFC 3461 4: how a value of any octets travels as a parameter of MAIL or RCPT. Printable
 * ASCII but "+" and "=" stands for itself, anything else is "+" and two upper-case hex digits. The
 * envelope holds such values as they are on the wire, so that nothing else needs to know them. */

void xtext_encode(struct buf *out, struct slice bytes);
/* False when it is no xtext; `out` then holds what was understood. */
bool xtext_decode(struct buf *out, struct slice text);
bool xtext_is_valid(struct slice text);

/* The value of ENVID (RFC 3461 4.4): at least one octet, at most 100. */
bool xtext_is_envid(struct slice text);
/* The value of ORCPT (RFC 3461 4.2): "rfc822;" or another type of address, xtext; at most 500. */
bool xtext_is_orcpt(struct slice text);

#endif
