/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_NOTIFY_H
#define RELAY_NOTIFY_H

#include "account/account.h"
#include "mail/envelope.h"

/* The account's dsn-notify and dsn-return, for recipients and an envelope for which the caller has
 * asked for nothing (RFC 3461). */
void notify_apply(const struct account *account, struct envelope *v);

#endif
