/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_TLS_CHAIN_H
#define NET_TLS_CHAIN_H

#include <stddef.h>

#include <openssl/types.h>

#include "base/buf.h"

/* The certificates that were verified for a session, or that the peer showed if none was: for
 * people who want to see them. */

struct tls_link {
    struct buf subject, names, issuer, dates;
    long days_left;          /* rounded down; negative: expired */
};

/* From 0, which is the peer's own. False beyond the last. The link is for tls_link_clear. */
bool tls_chain_link(const SSL *ssl, size_t index, struct tls_link *out);
void tls_link_clear(struct tls_link *l);

#endif
