/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_NEWALIASES_H
#define CMD_NEWALIASES_H

#include "cmd/args.h"
#include "cmd/environ.h"

/* `newaliases`, -bi: there is nothing to rebuild, so it checks: every alias file that an account
 * names, each once, a line on stderr for everything that is wrong. Returns 0, or EX_DATAERR; lines
 * about programs and files alone, which other packages write, are told but are no failure. Silent
 * where nothing is configured, for package scripts call it. */
int newaliases(const struct args *a, const struct host *h);

#endif
