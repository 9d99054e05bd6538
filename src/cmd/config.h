/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_CONFIG_H
#define CMD_CONFIG_H

#include "cmd/args.h"
#include "cmd/environ.h"

/* `smtpost config show [ACCOUNT]`: every value in force with file and line, secrets masked;
 * `smtpost config options`: every option with its default and what it is for;
 * `smtpost config providers`: the presets. `a` holds the options
 * before the command's own words, which are its recipients. Returns the exit status. */
int config_command(const struct args *a, struct host *h);

#endif
