/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_PATHNAME_H
#define ACCOUNT_PATHNAME_H

#include "base/err.h"

/* The name of a file as it is written in a configuration file: "~/" is the user's home, and what is
 * relative belongs to the directory of the file that says it, not to where the caller happens to
 * be. Nothing is looked up. */

/* The name to open, for free(); NULL with an error (ERR_CONFIG) for "~/" without a home and for
 * "~user". `file`: who says it; NULL when nobody does, then relative names stay as they are. `home`
 * may be NULL. */
char *pathname_resolve(const char *written, const char *file, const char *home, struct err *e);

#endif
