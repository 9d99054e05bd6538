/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SETUP_H
#define CMD_SETUP_H

#include "cmd/args.h"
#include "cmd/environ.h"

/* `smtpost setup [ADDRESS]`: asks what it cannot know, writes the account into ~/.smtprc beside
 * what is there already, checks it and offers a test message. With --non-interactive it asks
 * nothing: what the presets do not know comes from --set, a password from standard input. Returns
 * the exit status. */
int setup_command(const struct args *a, struct host *h);

#endif
