/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SOURCES_H
#define CMD_SOURCES_H

#include "account/config.h"
#include "cmd/args.h"
#include "cmd/environ.h"

/* Which configuration files count for this call: -C, else $SMTPRC, else the system's and the
 * user's. Read them. */
bool sources_read(const struct args *a, const struct host *h, struct config **config,
                  struct err *e);

/* Is there any of them? */
bool sources_exist(const struct args *a, const struct host *h);

#endif
