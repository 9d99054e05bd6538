/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_LOGIN_H
#define SMTP_LOGIN_H

#include "smtp/session.h"

/* The login of a session, RFC 4954: which mechanism, tied to which TLS session, with which secret.
 * One attempt with one mechanism, whose failure is never followed by another mechanism, since that
 * would give the password to the very server that could not prove that it knows it. Two things are
 * tried once more with the same mechanism: a token that was refused (535), if a fresh one differs,
 * and SCRAM with another type of channel binding when the server does not have the first.
 *
 * False: `why` is filled and the session closed. */
bool login_run(struct session *s, struct outcome *why);

#endif
