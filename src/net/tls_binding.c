/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/tls_binding.h"

#include <string.h>

#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/digest.h"

enum { EXPORTER_OCTETS = 32, FINISHED_MAX = 64 };

/* Without it two sessions can be made to share a master secret (RFC 7627 1). TLS 1.3 has it in
 * other form always. */
static bool has_extended_master_secret(SSL *ssl)
{
    return SSL_version(ssl) == TLS1_2_VERSION && SSL_get_extms_support(ssl) == 1;
}

/* RFC 9266 2: the label, an empty context, 32 octets. */
static bool exporter(SSL *ssl, struct buf *out)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    unsigned char key[EXPORTER_OCTETS];

    if (SSL_version(ssl) < TLS1_3_VERSION && !has_extended_master_secret(ssl))
        return false;
    if (SSL_export_keying_material(ssl, key, sizeof key, label, sizeof label - 1,
                                   (const unsigned char *)"", 0, 1) != 1)
        return false;
    buf_put(out, key, sizeof key);
    return true;
}

/* RFC 5929 3.1: the first Finished message of the handshake, which is the server's when a session
 * was resumed. */
static bool unique(SSL *ssl, struct buf *out)
{
    unsigned char finished[FINISHED_MAX];

    if (!has_extended_master_secret(ssl))
        return false;
    size_t len = SSL_session_reused(ssl) ? SSL_get_peer_finished(ssl, finished, sizeof finished)
                                         : SSL_get_finished(ssl, finished, sizeof finished);
    if (len == 0 || len > sizeof finished)
        return false;
    buf_put(out, finished, len);
    return true;
}

/* RFC 5929 4.1: the hash of the certificate's signature, but nothing weaker than SHA-256. */
static bool signature_hash(X509 *certificate, enum hash *hash)
{
    static const struct {
        int nid;
        enum hash hash;
    } rows[] = {
        {NID_md5, HASH_SHA256},    {NID_sha1, HASH_SHA256},   {NID_sha224, HASH_SHA224},
        {NID_sha256, HASH_SHA256}, {NID_sha384, HASH_SHA384}, {NID_sha512, HASH_SHA512},
    };
    int nid = NID_undef;

    if (X509_get_signature_info(certificate, &nid, NULL, NULL, NULL) != 1)
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].nid == nid) {
            *hash = rows[i].hash;
            return true;
        }
    return false;
}

static bool server_end_point(SSL *ssl, struct buf *out)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    unsigned char *der = NULL;
    struct digest digest;
    enum hash hash;

    if (!certificate || !signature_hash(certificate, &hash))
        return false;
    int len = i2d_X509(certificate, &der);
    bool ok = len > 0 && digest_hash(hash, slice_make((const char *)der, (size_t)len), &digest);
    if (ok)
        buf_put_slice(out, digest_slice(&digest));
    OPENSSL_free(der);
    return ok;
}

static const struct binding {
    const char *type;
    bool (*get)(SSL *ssl, struct buf *out);
} bindings[] = {
    {"tls-unique", unique},
    {"tls-exporter", exporter},
    {"tls-server-end-point", server_end_point},
};

const char *tls_binding_type(size_t nth)
{
    return nth < sizeof bindings / sizeof *bindings ? bindings[nth].type : NULL;
}

bool tls_channel_binding(SSL *ssl, const char *type, struct buf *out)
{
    for (size_t i = 0; i < sizeof bindings / sizeof *bindings; i++)
        if (strcmp(bindings[i].type, type) == 0)
            return bindings[i].get(ssl, out);
    return false;
}
