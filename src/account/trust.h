/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_TRUST_H
#define ACCOUNT_TRUST_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

/* Who may have written a file, and who may read it, told by owner and mode. What a configuration
 * says can run commands, so it is its reader's or root's own and nobody else may write it. */

enum trust_flags {
    TRUST_SYSTEM = 1 << 0,   /* the administrator's: root's, and a group may read a secret */
    TRUST_SECRET = 1 << 1    /* holds one: read by its owner alone */
};

/* `info` is that of the open descriptor. The error (ERR_CONFIG) is what is wrong and the command
 * that mends it, without the place. FIFOs are their maker's business and always pass. */
bool trust_check(const char *path, const struct stat *info, unsigned flags, struct err *e);

#endif
