/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_TLS_RECORDS_H
#define NET_TLS_RECORDS_H

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/err.h"

/* What OpenSSL writes (RFC 8446 5.1), in memory until it is sent by somebody else.
 *
 * To write a record by itself, as OpenSSL does to a socket, costs a system call, a way through the
 * network stack and often a wake-up of the peer for each 16 KB: many are to leave together. And
 * what never has to wait cannot fall into the traps of OpenSSL 3.0 about that, such as a request
 * for new keys (RFC 8446 4.6.3) that comes while a record is half written. */

struct tls_records {
    struct buf octets;
    size_t sent;             /* octets of them that have left */
    BIO_METHOD *method;
};

/* From here on `ssl`, whose handshake is over, writes into *r, which stays where it is and lives
 * longer. At most `max` octets wait; more is an error of SSL_write. */
bool tls_records_begin(struct tls_records *r, SSL *ssl, size_t max, struct err *e);
/* What is to be sent next, valid until OpenSSL is called. */
struct slice tls_records_unsent(const struct tls_records *r);
/* `count` octets of that have left. */
void tls_records_took(struct tls_records *r, size_t count);
/* They will never leave. */
void tls_records_drop(struct tls_records *r);
/* After SSL_free. One that was zeroed and never begun may be cleared too. */
void tls_records_clear(struct tls_records *r);

#endif
