/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_CREDENTIAL_H
#define ACCOUNT_CREDENTIAL_H

#include "account/account.h"
#include "base/clock.h"

/* Where secrets come from: the literal, the first line a command prints, the first line of a file
 * that is ours alone. Called after the server was verified and a mechanism chosen, never for dry
 * runs. A source that gives nothing is an error; a command that fails is ERR_HELPER (temporary),
 * one that does not exist ERR_CONFIG; a line end, NUL, or nothing in the result is refused. */
bool credential_password(const struct account *a, struct deadline deadline, struct secret *out,
                         struct err *e);
/* Does the account name any source? */
bool credential_is_configured(const struct account *a);

#endif
