/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H

#include "cmd/args.h"
#include "cmd/environ.h"

/* `smtpost serve`: the local service, in the foreground, until SIGTERM or SIGINT. SIGHUP reads the
 * configuration again. Returns the exit status. */
int serve_command(const struct args *a, struct host *h);

#endif
