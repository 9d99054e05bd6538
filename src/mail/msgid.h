/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_MSGID_H
#define MAIL_MSGID_H

#include <time.h>

#include "base/buf.h"

/* "<time.random@domain>" (RFC 5322 3.6.4): the second it was made in and 80 random bits. The domain
 * must be one that path_domain_is_valid takes; "localhost" when it is empty. */
void msgid_format(struct buf *out, time_t when, const char *domain);

#endif
