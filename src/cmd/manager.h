/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_MANAGER_H
#define CMD_MANAGER_H

#include "cmd/environ.h"

/* What the service manager wants to know: sd_notify(3), as lines "NAME=value" in one datagram to
 * the Unix socket of $NOTIFY_SOCKET, which "@" in front makes an abstract one. Without it nothing
 * is said; a manager that does not listen is its own trouble. */

void manager_tell(const struct host *h, const char *state);
/* "RELOADING=1" wants to be told when that was. */
void manager_tell_reloading(const struct host *h);

#endif
