/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_QUEUE_H
#define CMD_QUEUE_H

#include "cmd/args.h"
#include "cmd/environ.h"

/* `smtpost queue [list|show|run|retry|hold|release|rm] [ID ...]`: the words are a's recipients.
 * Everything works while a run goes on. Returns the exit status. */
int queue_command(const struct args *a, struct host *h);

/* mailq and -bp; -q. The second is silent, and does nothing, where there is no queue. */
int queue_list(const struct args *a, struct host *h);
int queue_run(const struct args *a, struct host *h);

#endif
