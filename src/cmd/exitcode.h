/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_EXITCODE_H
#define CMD_EXITCODE_H

#include "base/err.h"
#include "mail/envelope.h"

/* sysexits, the same everywhere (manual: section EXIT STATUS). */

int exit_status_of_err(const struct err *e);
int exit_status_of_outcome(const struct outcome *o);
/* That of the worst recipient; 67 only when every one that failed is unknown there. */
int exit_status_of_envelope(const struct envelope *v);

#endif
