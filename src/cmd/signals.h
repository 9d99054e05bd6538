/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SIGNALS_H
#define CMD_SIGNALS_H

#include <stdbool.h>

#include "base/err.h"

/* SIGTERM, SIGINT and SIGHUP as bytes in a pipe, so that a loop around poll(2) misses none. The one
 * place with a variable that outlives a call: a handler reaches nothing else. */

/* *fd is to be polled; it never blocks. */
bool signals_open(int *fd, struct err *e);
/* What has come since: true with *end or *reload set. */
bool signals_take(int fd, bool *end, bool *reload);
/* In a child: these signals are the parent's business, and it tells us in another way. */
void signals_leave(int fd);

#endif
