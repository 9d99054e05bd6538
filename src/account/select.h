/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_SELECT_H
#define ACCOUNT_SELECT_H

#include "account/config.h"
#include "mail/path.h"

/* Which account, and why: -a; else the machine's service, if mail is handed over to it (config.h);
 * else the sender against every `from` entry (an exact address beats a
 * pattern, a longer literal part beats a shorter, file order breaks ties, user+tag@ matches user@
 * unless something is more exact); else default-account; else the only account; else an error that
 * lists them. */

struct selection {
    const char *account;     /* borrowed from the config */
    bool by_sender;          /* the sender matches a `from` entry of it, however it was chosen */
    char why[256];           /* "from \"*@corp.example\"", "-a", "default-account", ... */
};

/* `named` (from -a) and `sender` may be NULL; a null or bare sender matches no pattern. */
bool select_account(const struct config *c, const char *named, const struct path *sender,
                    struct selection *out, struct err *e);

/* Does the pattern ('*' any octets, '?' one) match the address? Local part by octets, domain
 * without regard to case. *literal gets the number of octets that are no wildcards. */
bool select_matches(const char *pattern, const struct path *sender, size_t *literal);

#endif
