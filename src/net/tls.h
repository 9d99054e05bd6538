/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>

#include <openssl/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Trust and TLS: what a peer must show before a connection counts as one to it. A context is made
 * before connecting, so that a wrong setting is found before anybody is talked to. Host names are
 * checked by OpenSSL's own matcher: subject alternative names only (RFC 9525 6.3), a wildcard only
 * as the whole left-most label, IP addresses against iPAddress. TLS 1.2 and security level 2 are
 * the floor whatever the system's configuration file says, which is not loaded. */

struct tls_params {
    const char *name;        /* the host as configured: DNS name or address literal */
    const char *trust;       /* PEM file or hashed directory; NULL: the system's */
    bool verify;             /* false: any certificate, by the user's own wish */
};

/* What was agreed on, for log and transcript; empty strings without TLS. */
struct tls_info {
    char version[16];        /* "TLSv1.3" */
    char cipher[64];
    bool verified;
};

struct tls_context;

bool tls_context_new(const struct tls_params *params, struct tls_context **out, struct err *e);
void tls_context_free(struct tls_context *c);

/* A session object for a connected descriptor, ready for its handshake. */
bool tls_session_new(struct tls_context *c, int fd, SSL **out, struct err *e);
/* After the handshake: is this the peer that was asked for? The connection must not be used
 * without this. */
bool tls_session_check(struct tls_context *c, SSL *ssl, struct err *e);
/* The handshake failed: fill e with the reason and what the certificate holds. Returns false. */
bool tls_session_explain(struct tls_context *c, SSL *ssl, struct err *e);
void tls_session_describe(const struct tls_context *c, SSL *ssl, struct tls_info *info);

#endif
