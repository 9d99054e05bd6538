/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_FILTER_H
#define RELAY_FILTER_H

#include "account/account.h"
#include "mail/message.h"

/* The account's filter: a command that gets the message as it would leave, with LF line ends, on
 * its standard input, and prints the one that leaves in its place. Every failure is ERR_HELPER, so
 * temporary: the message must neither go unsigned nor be lost because a helper is broken. */

/* *filtered is `m` where the account has no filter, else `own`, which is initialised here; clear
 * `own` in any case. */
bool filter_message(const struct account *account, const struct message *m, struct message *own,
                    const struct message **filtered, struct err *e);

#endif
