/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_TLS_CLIENT_H
#define NET_TLS_CLIENT_H

#include "net/tls.h"

/* Our own certificate and its key, for a server that asks who we are. Files are PEM (the chain,
 * leaf first; the key in the same file or its own) or PKCS#12, told apart by what they hold. The
 * passphrase is asked for when something is encrypted, and not before. ERR_CONFIG names option and
 * file. */

bool client_certificate_use(SSL_CTX *ctx, const struct tls_params *params, struct err *e);

#endif
