/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_VERIFY_H
#define CMD_VERIFY_H

#include "cmd/args.h"
#include "cmd/environ.h"

/* -bv: a line on stdout for each address that the recipients come to, with the account that it
 * would go through, as far as that can be known without asking its server:
 *
 *     root... deliverable: ada@example.org, account gmail
 *
 * Returns 0, EX_NOUSER when a recipient leads nowhere, or what a wrong configuration has. */
int verify(const struct args *a, struct host *h);

#endif
