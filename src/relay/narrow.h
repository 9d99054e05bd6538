/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_NARROW_H
#define RELAY_NARROW_H

#include "account/config.h"

/* Before the conversations of one account: what they do not need is given up for good, as far as
 * the system can (base/confine.h). An account that names a program (password-command,
 * token-command, filter) keeps everything, for the program may need it.
 *
 * Only for a process that starts nothing afterwards: whoever starts the queue's runner later must
 * not be narrowed, for the runner is its child, and has other accounts. */

/* `spool` and `temporary` are directories that stay open for writing; NULL: none. The account's log
 * and save-copy do in any case. */
void narrow_process(const struct account *a, const char *spool, const char *temporary);

/* The same for a process that only puts messages into the queue, whatever account they are for: it
 * writes there and to the accounts' logs, and starts nothing. `places` is for strings_clear. */
void narrow_find_places(const struct config *c, const char *spool, struct strings *places);
void narrow_to_places(const struct strings *places);

#endif
