/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_HEADING_H
#define CMD_HEADING_H

#include "cmd/letter.h"
#include "mail/envelope.h"
#include "mail/header.h"

/* The header fields that a person gave to `smtpost send`, written as RFC 5322 and RFC 2047 have it,
 * and the envelope that follows from them. Date, Message-ID, a From that nobody gave and the MIME
 * fields are others' work.
 *
 * The sender, which chooses the account, comes first; bare names get the domain, which is the
 * account's, so that a field holds addresses (RFC 5322 3.4.1). `domain` NULL: they stay bare. */
bool heading_write_sender(const struct letter *l, struct header *h, struct envelope *v,
                          struct err *e);
bool heading_write(const struct letter *l, const char *domain, struct header *h,
                   struct envelope *v, struct err *e);

#endif
