/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_HINT_H
#define RELAY_HINT_H

#include "mail/status.h"

/* What to do about a refusal that many people meet: a data table from server and reply to one
 * sentence. NULL: nothing better is known than the server's own words. */
const char *hint_find(const char *server, const struct outcome *o);

#endif
