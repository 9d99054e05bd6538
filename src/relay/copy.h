/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_COPY_H
#define RELAY_COPY_H

#include "account/account.h"
#include "mail/message.h"

/* A copy of what was sent, in the account's Maildir (save-copy), made when it does not exist. No
 * failure here is one of the delivery. */
bool copy_save(const struct account *account, const struct message *m, struct err *e);

#endif
