/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef ACCOUNT_ORIGIN_H
#define ACCOUNT_ORIGIN_H

#include "base/err.h"

/* Where a value in force was written: a line of a file, a variable of the environment, the command
 * line, or nowhere, when it is built in. Errors about a value begin with it. */

struct origin {
    const char *file;        /* borrowed from the config; without a line a variable's name,
                                ORIGIN_SET or ORIGIN_BUILT_IN; NULL: unset */
    unsigned line;           /* 0: not from a file */
};

#define ORIGIN_SET "--set"
#define ORIGIN_BUILT_IN "built-in"

/* What a wrong value of this origin is: ERR_USAGE on the command line, else ERR_CONFIG. */
enum err_kind origin_kind(struct origin o);
/* "file:line: option: ", "SMTPOST_OPTION: " or "--set option: " before what e says; false. */
bool origin_blame(struct origin o, const char *option, struct err *e);
/* As the person wrote the option: the variable's name, else the option's. */
const char *origin_spelling(struct origin o, const char *option);

#endif
