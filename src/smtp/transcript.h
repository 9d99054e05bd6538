/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_TRANSCRIPT_H
#define SMTP_TRANSCRIPT_H

#include "base/buf.h"

/* What was said, line by line, for a person to read beside RFC 5321. Secrets are absent already:
 * whoever sends one notes "AUTH PLAIN <24 octets>" in its place. Without a sink nothing is done. */

enum speaker { SPEAKER_CLIENT, SPEAKER_SERVER, SPEAKER_NOTE };

struct transcript {
    void (*sink)(void *argument, enum speaker speaker, struct slice line);   /* may be NULL */
    void *argument;
};

/* `line` without its CRLF; `t` may be NULL. */
void transcript_line(const struct transcript *t, enum speaker speaker, struct slice line);
void transcript_note(const struct transcript *t, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
