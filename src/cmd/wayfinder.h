/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_WAYFINDER_H
#define CMD_WAYFINDER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/limits.h"
#include "cmd/environ.h"

/* Where a mail server can be reached, found by asking: the domain's SRV records, or the ports that
 * RFC 8314 names. No login, no password, no mail. */

struct way {
    char host[LIMIT_DOMAIN + 1];
    unsigned port;
    bool implicit_tls;
};

/* What the DNS says; see net/srv for how little that proves. */
bool wayfinder_discover(const char *domain, struct way *out, struct err *e);
/* Is the host the domain itself or below it? Then the answer is at least no invitation elsewhere.
 */
bool wayfinder_is_within(const char *host, const char *domain);
/* Port 465 with TLS from the start, else 587 with STARTTLS (RFC 8314 3.3): the first that answers
 * with a certificate for `host`. The error says what was wrong with each. "host:port" tries that
 * port alone, both ways. */
bool wayfinder_try(const char *host, struct host *h, struct way *out, struct err *e);

#endif
