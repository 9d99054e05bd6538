/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SOURCES_H
#define CMD_SOURCES_H

#include "account/config.h"
#include "cmd/args.h"
#include "cmd/environ.h"

/* What configuration counts for this call: -C alone, else $SMTPRC, else the system's and the
 * user's file, with what the environment's variables say. Read it. */
bool sources_read(const struct args *a, const struct host *h, struct config **config,
                  struct err *e);
/* What counted when a message was queued: this file, or (NULL) those that are looked for, and the
 * variables, as the message may belong to the account that they make. */
bool sources_read_again(const struct host *h, const char *only, const struct strings *settings,
                        struct config **config, struct err *e);

/* Is there any of it? */
bool sources_exist(const struct args *a, const struct host *h);

#endif
