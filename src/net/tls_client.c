/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/tls_client.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>

#include "base/file.h"

/* Room for a chain with its key. */
#define FILE_MAX ((size_t)1024 * 1024)

/* A file in memory, and what is found out on the way to its key. */
struct source {
    const struct tls_params *params;
    const char *option;      /* that names the file */
    const char *path;
    struct buf bytes;        /* wiped: a key may be among them */
    struct secret passphrase;
    bool was_asked;          /* something was encrypted */
    struct err *e;
    bool failed;             /* e is filled: no passphrase */
};

static bool source_read(struct source *s, const struct tls_params *params, const char *option,
                        const char *path, struct err *e)
{
    *s = (struct source){.params = params, .option = option, .path = path, .e = e};
    return file_read(path, ERR_CONFIG, FILE_MAX, &s->bytes, NULL, e) || err_wrap(e, "%s", option);
}

static void source_clear(struct source *s)
{
    buf_wipe(&s->bytes);
    secret_clear(&s->passphrase);
    ERR_clear_error();
}

static BIO *source_bio(const struct source *s)
{
    return BIO_new_mem_buf(s->bytes.data, (int)s->bytes.len);
}

static bool refuse(struct source *s, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    if (s->failed)
        return false;
    return err_set(s->e, ERR_CONFIG, "%s: %s: %s%s%s%s", s->option, s->path, what,
                   reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
}

/* True: s->passphrase is there. */
static bool get_passphrase(struct source *s)
{
    s->was_asked = true;
    if (!s->params->passphrase) {
        s->failed = true;
        return err_set(s->e, ERR_CONFIG,
                       "%s: %s: is encrypted, and the account gives no passphrase; "
                       "write password-command or password-file",
                       s->option, s->path);
    }
    s->failed = !s->params->passphrase(s->params->passphrase_argument, &s->passphrase, s->e);
    return !s->failed || err_wrap(s->e, "passphrase for %s", s->path);
}

/* OpenSSL's callback for PEM. */
static int pem_passphrase(char *out, int size, int writing, void *argument)
{
    struct source *s = argument;

    (void)writing;
    if (!get_passphrase(s))
        return -1;
    struct slice text = secret_bytes(&s->passphrase);
    if (text.len > (size_t)size)
        return -1;
    memcpy(out, text.data, text.len);
    return (int)text.len;
}

static bool is_pem(const struct source *s)
{
    return s->bytes.len && strstr(s->bytes.data, "-----BEGIN ") != NULL;
}

static bool use_key(SSL_CTX *ctx, struct source *s)
{
    BIO *in = source_bio(s);
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, pem_passphrase, s) : NULL;
    bool ok;

    BIO_free(in);
    if (!key)
        return refuse(s, s->was_asked ? "its key does not open with this passphrase"
                                      : "no private key in PEM form found there");
    ok = SSL_CTX_use_PrivateKey(ctx, key) == 1 ||
         refuse(s, "this key cannot be used with the certificate");
    EVP_PKEY_free(key);
    return ok;
}

/* RFC 5246 7.4.2: the leaf first, then its issuers. */
static bool use_chain(SSL_CTX *ctx, struct source *s)
{
    BIO *in = source_bio(s);
    X509 *leaf = in ? PEM_read_bio_X509_AUX(in, NULL, pem_passphrase, s) : NULL, *issuer;
    bool ok = leaf ? SSL_CTX_use_certificate(ctx, leaf) == 1 || refuse(s, "cannot be used")
                   : refuse(s, "no certificate in PEM form found there");

    while (ok && (issuer = PEM_read_bio_X509(in, NULL, pem_passphrase, s))) {
        ok = SSL_CTX_add0_chain_cert(ctx, issuer) == 1 || refuse(s, "cannot use the chain");
        if (!ok)
            X509_free(issuer);
    }
    X509_free(leaf);
    BIO_free(in);
    ERR_clear_error();
    return ok;
}

/* Without a passphrase some write an empty one, some none at all. */
static bool open_pkcs12(struct source *s, PKCS12 *p12, const char **passphrase)
{
    *passphrase = NULL;
    if (PKCS12_verify_mac(p12, NULL, 0))
        return true;
    *passphrase = "";
    if (PKCS12_verify_mac(p12, "", 0))
        return true;
    if (!get_passphrase(s))
        return false;
    *passphrase = secret_bytes(&s->passphrase).data;
    ERR_clear_error();
    return PKCS12_verify_mac(p12, *passphrase, -1) ||
           refuse(s, "does not open with this passphrase");
}

static bool use_pkcs12(SSL_CTX *ctx, struct source *s)
{
    BIO *in = source_bio(s);
    PKCS12 *p12 = in ? d2i_PKCS12_bio(in, NULL) : NULL;
    STACK_OF(X509) *issuers = NULL;
    EVP_PKEY *key = NULL;
    X509 *leaf = NULL;
    const char *passphrase;

    BIO_free(in);
    bool ok = p12 || refuse(s, "neither PEM nor PKCS#12");
    ok = ok && open_pkcs12(s, p12, &passphrase);
    if (ok && PKCS12_parse(p12, passphrase, &key, &leaf, &issuers) != 1)
        ok = refuse(s, "cannot be opened; if it has the encryption of old programs (RC2), make it "
                       "anew with: openssl pkcs12 -legacy");
    if (ok && (!key || !leaf))
        ok = refuse(s, "holds no certificate with its key");
    ok = ok && (SSL_CTX_use_cert_and_key(ctx, leaf, key, issuers, 1) == 1 ||
                refuse(s, "cannot be used"));
    sk_X509_pop_free(issuers, X509_free);
    X509_free(leaf);
    EVP_PKEY_free(key);
    PKCS12_free(p12);
    return ok;
}

static bool use_separate_key(SSL_CTX *ctx, const struct tls_params *params, struct err *e)
{
    struct source s;
    bool ok = source_read(&s, params, "tls-key", params->key, e) && use_key(ctx, &s);

    source_clear(&s);
    return ok;
}

bool client_certificate_use(SSL_CTX *ctx, const struct tls_params *params, struct err *e)
{
    struct source s;
    bool ok = source_read(&s, params, "tls-certificate", params->certificate, e);

    if (ok && !is_pem(&s))
        ok = use_pkcs12(ctx, &s);
    else if (ok)
        ok = use_chain(ctx, &s) &&
             (params->key ? use_separate_key(ctx, params, e) : use_key(ctx, &s));
    source_clear(&s);
    return ok;
}
