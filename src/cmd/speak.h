/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SPEAK_H
#define CMD_SPEAK_H

#include "cmd/args.h"
#include "cmd/environ.h"

/* -bs: SMTP on standard input and output. Each transaction is a submission, and the reply to the
 * end of its data is the verdict. Where some recipients were served and others not, that is the
 * reply for the worst, which says how many have it already. Returns the exit status. */
int speak(const struct args *a, struct host *h);

#endif
