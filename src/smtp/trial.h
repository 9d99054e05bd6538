/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_TRIAL_H
#define SMTP_TRIAL_H

#include "mail/path.h"
#include "smtp/session.h"

/* Would the server take mail from here to there? MAIL and RCPT, then RSET in place of a message
 * (RFC 5321 4.1.1.5): nothing is sent. */

enum trial_step { TRIAL_SENDER, TRIAL_RECIPIENT, TRIAL_DONE };

/* TRIAL_DONE: both were taken. Else the step that was refused or failed, and `why`. */
enum trial_step trial_run(struct session *s, const struct path *sender,
                          const struct path *recipient, struct outcome *why);

#endif
