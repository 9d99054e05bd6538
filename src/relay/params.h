/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_PARAMS_H
#define RELAY_PARAMS_H

#include "account/account.h"
#include "smtp/session.h"

/* An account's words turned into a session's wishes, for one of its hosts. Borrows from the account
 * and the host's text. tls is made here and released by params_clear. */
bool params_init(struct session_params *params, const struct account *account, const char *host,
                 uint64_t message_size, struct err *e);
void params_clear(struct session_params *params);

#endif
