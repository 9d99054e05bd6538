/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/digest.h"

#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/secret.h"

static const EVP_MD *(*const hashes[HASHES])(void) = {
    [HASH_MD5] = EVP_md5,       [HASH_SHA1] = EVP_sha1,     [HASH_SHA224] = EVP_sha224,
    [HASH_SHA256] = EVP_sha256, [HASH_SHA384] = EVP_sha384, [HASH_SHA512] = EVP_sha512,
};

/* OpenSSL starts itself on first use, and would load the system's configuration file then, which
 * can name any library. */
static bool start(struct digest *out)
{
    out->len = 0;
    return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1;
}

bool digest_hash(enum hash hash, struct slice bytes, struct digest *out)
{
    unsigned len;

    if (!start(out) ||
        EVP_Digest(bytes.data, bytes.len, out->bytes, &len, hashes[hash](), NULL) != 1)
        return false;
    out->len = len;
    return true;
}

bool digest_hmac(enum hash hash, struct slice key, struct slice bytes, struct digest *out)
{
    unsigned len;

    if (!start(out) || key.len > INT_MAX ||
        !HMAC(hashes[hash](), key.data, (int)key.len, (const unsigned char *)bytes.data, bytes.len,
              out->bytes, &len))
        return false;
    out->len = len;
    return true;
}

bool digest_pbkdf2(enum hash hash, struct slice password, struct slice salt, unsigned long count,
                   struct digest *out)
{
    if (!start(out) || password.len > INT_MAX || salt.len > INT_MAX || count > INT_MAX)
        return false;
    int len = EVP_MD_get_size(hashes[hash]());
    if (PKCS5_PBKDF2_HMAC(password.data, (int)password.len, (const unsigned char *)salt.data,
                          (int)salt.len, (int)count, hashes[hash](), len, out->bytes) != 1)
        return false;
    out->len = (size_t)len;
    return true;
}

struct slice digest_slice(const struct digest *d)
{
    return slice_make((const char *)d->bytes, d->len);
}

void digest_wipe(struct digest *d)
{
    secret_wipe_memory(d, sizeof *d);
}

bool digest_equal(struct slice a, struct slice b)
{
    return a.len == b.len && CRYPTO_memcmp(a.data, b.data, a.len) == 0;
}
