/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_RECIPIENTS_H
#define RELAY_RECIPIENTS_H

#include "relay/prepare.h"

/* Who gets it: local names become addresses, by the alias file, else bare-recipient, else the
 * domain; each forward-path once. A recipient whose alias leads nowhere has its verdict at once and
 * the others are served; when that is all of them, it is an error. Where delivery notifications
 * were asked for, each recipient keeps the address that the sender wrote, as ORCPT (RFC 3461
 * 4.2). */
bool recipients_complete(struct preparation *p, struct err *e);

#endif
