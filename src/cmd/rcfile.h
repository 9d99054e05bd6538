/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_RCFILE_H
#define CMD_RCFILE_H

#include "account/draft.h"
#include "base/err.h"

/* The user's own configuration file, as `setup` changes it: what is there stays, octet for octet,
 * and the new account goes behind it. The file is replaced as a whole, 0600, or not at all. */

/* Does it define an account of that name? A file that is not there defines none; one that cannot be
 * read or understood is an error. */
bool rcfile_has_account(const char *path, const char *home, const char *name, bool *has,
                        struct err *e);
bool rcfile_append(const char *path, const struct draft *draft, struct err *e);

#endif
