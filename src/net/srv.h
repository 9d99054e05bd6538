/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_SRV_H
#define NET_SRV_H

#include <stdbool.h>

#include "base/err.h"
#include "base/limits.h"

/* Where a mail domain says its submission server is: SRV records of RFC 6186 (_submission,
 * STARTTLS) and RFC 8314 5.1 (_submissions, TLS from the start, preferred). The answers are not
 * signed in most zones: whoever asks must have a person look at them before a password goes there.
 */

struct srv {
    char host[LIMIT_DOMAIN + 1];
    unsigned port;
    bool implicit_tls;
};

/* False: the domain says nothing (e->errnum is 0), or the look-up failed. `domain` is ASCII. Waits
 * a few seconds at most. */
bool srv_find_submission(const char *domain, struct srv *out, struct err *e);

/* Of an answer in wire form, the record to try first (RFC 2782: lowest priority; of these the
 * heaviest). False: there is none whose target can be a host, or the service is said not to
 * exist. */
bool srv_choose(const unsigned char *answer, int len, struct srv *out);

#endif
