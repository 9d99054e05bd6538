/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include "cmd/args.h"
#include "cmd/environ.h"

/* `smtpost check [ACCOUNT] [--to ADDRESS] [--json]`: every step of reaching and logging in to an
 * account, numbered, timed and explained; one verdict, one next action. The account is a's first
 * recipient. Nothing is sent. Returns the exit status a submission would have met. */
int check_command(const struct args *a, struct host *h);

#endif
