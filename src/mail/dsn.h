/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include <time.h>

#include "mail/envelope.h"
#include "mail/header.h"

/* The notification that mail could not be delivered: multipart/report of RFC 6522 with a text for
 * people, the delivery status of RFC 3464, and the header of the message it is about. With
 * addresses beyond ASCII the types are those of RFC 6533. */

struct dsn {
    const char *host;        /* who reports: our name */
    const char *domain;      /* of the From address and the Message-ID */
    time_t now;
    time_t arrival;          /* when the message came to us */
    const struct envelope *envelope;   /* of the message */
    const bool *failed;      /* which of its recipients are told about */
    const char *remote;      /* the server that was tried, "host:port"; may be NULL */
    const struct header *header;       /* of the message */
};

/* Append the whole notification, addressed to the reverse-path, lines ended by CRLF. */
void dsn_write(const struct dsn *d, struct buf *out);

#endif
