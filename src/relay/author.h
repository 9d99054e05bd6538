/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_AUTHOR_H
#define RELAY_AUTHOR_H

#include "relay/prepare.h"

/* Who wrote it: From and its kin come out valid, as the account's from-header says. The envelope's
 * sender is complete already.
 *
 *     keep      nothing is touched
 *     add       a From that is missing is added; bare names in From, Sender, Reply-To, Resent-From
 *               and Resent-Sender get the domain, in place
 *     replace   the same, and then From (and Resent-From, if there is one) has the account's
 *               address and keeps its name; Sender and Resent-Sender, which name others, go */
bool author_complete(struct preparation *p, struct err *e);

#endif
