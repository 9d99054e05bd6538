/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_NARROW_H
#define RELAY_NARROW_H

#include "account/account.h"

/* Before the conversations of one account: what they do not need is given up for good, as far as
 * the system can (base/confine.h). An account that names a program (password-command,
 * token-command, filter) keeps everything, for the program may need it.
 *
 * Only for a process that starts nothing afterwards: whoever starts the queue's runner later must
 * not be narrowed, for the runner is its child, and has other accounts. */

/* `spool` and `temporary` are directories that stay open for writing; NULL: none. The account's log
 * and save-copy do in any case. */
void narrow_process(const struct account *a, const char *spool, const char *temporary);

#endif
