/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_RESULT_H
#define CMD_RESULT_H

#include "cmd/submission.h"

/* --json: what became of a submission, as one object on stdout (manual: --json). `e` is why it did
 * not come to a delivery, else NULL; `status` the exit status. Returns that, or EX_IOERR when
 * there was nothing to lose yet. */
int result_print(const struct submission *s, const struct err *e, int status);

/* The same for a command that failed, or has nothing else to show: error (NULL: none) and exit.
 * Returns the status, or EX_IOERR in place of success that could not be printed. */
int result_print_end(const char *error, int status);

#endif
