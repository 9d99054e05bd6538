/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef NET_PIN_H
#define NET_PIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* A certificate or public key that is known by its SHA-256, as one writes it in tls-fingerprint:
 * 64 hexadecimal digits, with or without colons, are the certificate's; "pin-sha256:" and base64
 * the one of its SubjectPublicKeyInfo (RFC 7469 2.4), which outlives a renewal with the same key.
 */

enum { PIN_OCTETS = 32 };

struct pin {
    bool of_key;
    unsigned char sha256[PIN_OCTETS];
};

/* ERR_CONFIG tells what is wrong with the text. */
bool pin_parse(struct slice text, struct pin *out, struct err *e);
/* As pin_parse reads it; a certificate's in capitals with colons, as openssl(1) shows it. */
void pin_format(struct buf *out, const struct pin *pin);
bool pin_equal(const struct pin *a, const struct pin *b);

#endif
