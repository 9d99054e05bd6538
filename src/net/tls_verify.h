/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_TLS_VERIFY_H
#define NET_TLS_VERIFY_H

#include "net/tls.h"

/* Whether the peer is who it has to be: the chain up to one source of trust, or pins in its place.
 * A part of net/tls, as tls_client and tls_certificate are. */

struct verification {
    SSL_CTX *ctx;            /* borrowed */
    char *name;              /* A-label, without a final dot */
    bool wanted;             /* false, and no pins: any peer will do */
    struct pin *pins;
    size_t pin_count;
    bool bundle_waits;       /* the system's big file is not loaded yet */

    /* Of a peer that was not accepted. */
    int fault;               /* X509_V_ERR_...; X509_V_OK: none */
    X509 *leaf;              /* what it showed */
    X509 *at;                /* the one in its chain that is at fault; may be the leaf */
    bool clock_suspect;      /* the fault is one of dates, and our clock explains it better */
};

/* Prepares ctx. `v` begins zeroed, and stays where it is as long as ctx lives. */
bool verification_init(struct verification *v, SSL_CTX *ctx, const struct tls_params *params,
                       struct err *e);
void verification_clear(struct verification *v);
bool verification_is_on(const struct verification *v);
/* Name checking and SNI for one session. */
bool verification_set_name(const struct verification *v, SSL *ssl);
/* Fills e with what was expected, what was shown and what to do. Returns false. */
bool verification_explain(const struct verification *v, struct err *e);

#endif
