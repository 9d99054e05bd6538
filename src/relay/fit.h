/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_FIT_H
#define RELAY_FIT_H

#include "account/account.h"
#include "mail/message.h"
#include "smtp/capability.h"

/* A message made to fit what the server at hand can do (account option eight-bit). */

/* *fitted is `m`, or `own`, which is initialised here and holds it in another encoding; clear `own`
 * in any case when the message is no longer needed. ERR_REFUSED: the account wants it sent in no
 * other form, and this server does not take it as it is. */
bool fit_message(const struct account *account, const struct capabilities *server,
                 const struct message *m, struct message *own, const struct message **fitted,
                 struct err *e);

#endif
