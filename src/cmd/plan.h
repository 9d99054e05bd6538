/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_PLAN_H
#define CMD_PLAN_H

#include "cmd/submission.h"

/* --dry-run: everything that is known of a prepared submission, on stdout. Nobody is called and no
 * secret is asked for. Returns the exit status. */
int plan_show(const struct submission *s);

#endif
