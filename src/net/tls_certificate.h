/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_TLS_CERTIFICATE_H
#define NET_TLS_CERTIFICATE_H

#include <openssl/types.h>

#include "base/buf.h"
#include "net/pin.h"

/* What a certificate holds, for people. */

/* "DNS names, IP addresses", a few of them when there are many; "no name" for none. */
void certificate_put_names(X509 *certificate, struct buf *out);
void certificate_put_issuer(X509 *certificate, struct buf *out);
void certificate_put_subject(X509 *certificate, struct buf *out);
/* "2026-01-31 to 2026-12-31". */
void certificate_put_dates(X509 *certificate, struct buf *out);
/* False: OpenSSL could not hash it. */
bool certificate_pin(X509 *certificate, bool of_key, struct pin *out);

#endif
