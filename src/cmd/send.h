/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SEND_H
#define CMD_SEND_H

#include "cmd/environ.h"

/* `smtpost send`: compose a message out of a text on stdin and files, and submit it. argv[0] is
 * "send". Returns the exit status. */
int send_command(int argc, char *const argv[], struct host *h, bool no_stdin);

#endif
