/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SUBMIT_H
#define CMD_SUBMIT_H

#include "cmd/args.h"
#include "cmd/environ.h"

/* The main job: a message on stdin, through an account, to a smarthost. Returns the exit status;
 * everything that is to be said has been said. `no_stdin`: standard input was not open. */
int submit(const struct args *a, struct host *h, bool no_stdin);

#endif
