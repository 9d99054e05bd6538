/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_TLS_BINDING_H
#define NET_TLS_BINDING_H

#include <stdbool.h>

#include <openssl/types.h>

#include "base/buf.h"

/* Channel bindings (RFC 5056): octets that both ends of one TLS session know and that nobody
 * between two sessions can make equal. */

/* The types, in the order in which to try them: tls-unique (RFC 5929 3), which is what a server of
 * the TLS 1.2 age has; tls-exporter (RFC 9266), the one of TLS 1.3; tls-server-end-point
 * (RFC 5929 4), which names the certificate and so also works through a proxy of the server's.
 * NULL: there are no more. */
const char *tls_binding_type(size_t nth);

/* False when the type is not to be had for this session: tls-unique wants TLS 1.2 with the extended
 * master secret (RFC 7627), tls-exporter that or TLS 1.3, and tls-server-end-point a certificate
 * whose signature has one hash. `out` is then as it was. */
bool tls_channel_binding(SSL *ssl, const char *type, struct buf *out);

#endif
