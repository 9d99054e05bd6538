/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>

#include <openssl/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/strings.h"

/* Trust and TLS: what a peer must show before a connection counts as one to it. A context is made
 * before connecting, so that a wrong setting is found before anybody is talked to. Host names are
 * checked by OpenSSL's own matcher: subject alternative names only (RFC 9525 6.3), a wildcard only
 * as the whole left-most label, IP addresses against iPAddress. TLS 1.2 and security level 2 are
 * the floor whatever the system's configuration file says, which is not loaded. */

enum tls_version { TLS_1_2, TLS_1_3 };

struct tls_params {
    const char *name;        /* whom the peer has to be: DNS name or address literal */
    const char *trust;       /* PEM file or hashed directory; NULL: the system's */
    const char *crl;         /* PEM file of revocation lists; NULL: none is asked */
    const struct strings *pins;    /* net/pin.h; when there are any they decide alone */
    bool verify;             /* false: any certificate, by the user's own wish */
    enum tls_version least;
    const char *ciphers;     /* as OpenSSL writes them, TLS 1.3 suites among them; NULL: its own */

    const char *certificate; /* ours: PEM chain or PKCS#12; NULL: none */
    const char *key;         /* its key in PEM; NULL: in the same file */
    /* Called when the key is encrypted; may be NULL. */
    bool (*passphrase)(void *argument, struct secret *out, struct err *e);
    void *passphrase_argument;
};

/* What was agreed on, for log and transcript; empty strings without TLS. */
struct tls_info {
    char version[16];        /* "TLSv1.3" */
    char cipher[64];
    bool verified;           /* by its chain or by a pin */
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
/* Is this error of OpenSSL's the server's word on our certificate, or that it misses one? Then e is
 * filled. In TLS 1.3 it comes after the handshake, in place of the next answer. */
bool tls_session_blames_us(SSL *ssl, unsigned long code, struct err *e);
void tls_session_describe(const struct tls_context *c, SSL *ssl, struct tls_info *info);

#endif
