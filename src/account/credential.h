/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_CREDENTIAL_H
#define ACCOUNT_CREDENTIAL_H

#include "account/account.h"
#include "base/clock.h"

/* Where secrets come from: the literal, the first line a command prints, the first line of a file
 * that is ours alone; a password, or an OAuth 2 access token. Called after the server was verified
 * and a mechanism chosen, never for dry runs. A source that gives nothing is an error; a command
 * that fails is ERR_HELPER (temporary), one that does not exist ERR_CONFIG; a line end, NUL, or
 * nothing in the result is refused, and in a token everything that is no printable ASCII. */

/* `refresh`: the server refused what the source gave; a token-command is told so by
 * SMTPOST_TOKEN_REFRESH=1 in its environment. */
bool credential_get(const struct account *a, bool refresh, struct deadline deadline,
                    struct secret *out, struct err *e);

/* Is there a way to log in at all, if a login is wanted? ERR_CONFIG; to ask before connecting. */
bool credential_check(const struct account *a, struct err *e);

/* Which kind of source does the account name? Never both. */
bool credential_is_password(const struct account *a);
bool credential_is_token(const struct account *a);

#endif
