/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_EXPLAIN_H
#define CMD_EXPLAIN_H

#include "account/account.h"
#include "base/strings.h"
#include "smtp/session.h"

/* What the facts of a conversation mean for the person who has to live with them; one line each,
 * appended to `out`. */

/* Every keyword of the last EHLO. */
void explain_capabilities(const struct session *s, struct strings *out);
/* Version, certificates with names and days left, channel binding. */
void explain_tls(const struct session *s, struct strings *out);
/* The mechanism of the login, and why none of the others. */
void explain_mechanisms(const struct session *s, struct strings *out);
/* The options that somebody has set, with file and line. */
void explain_account(const struct account *a, struct strings *out);

/* A line to append, as printf. */
void explain_add(struct strings *out, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
