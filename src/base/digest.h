/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>

#include "base/buf.h"

/* Hashes, and what is made of them. False means that this OpenSSL does not have the hash, as under
 * a policy that forbids MD5; the digest is then empty. */

enum hash { HASH_MD5, HASH_SHA1, HASH_SHA224, HASH_SHA256, HASH_SHA384, HASH_SHA512, HASHES };

struct digest {
    size_t len;
    unsigned char bytes[64];
};

bool digest_hash(enum hash hash, struct slice bytes, struct digest *out);
/* RFC 2104 */
bool digest_hmac(enum hash hash, struct slice key, struct slice bytes, struct digest *out);
/* RFC 8018 5.2 with HMAC, as long as the hash. The caller bounds the count. */
bool digest_pbkdf2(enum hash hash, struct slice password, struct slice salt, unsigned long count,
                   struct digest *out);

struct slice digest_slice(const struct digest *d);
void digest_wipe(struct digest *d);
/* In a time that does not tell where they differ. */
bool digest_equal(struct slice a, struct slice b);

#endif
