/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/mem.h"
#include "net/tls_client.h"
#include "net/tls_verify.h"

struct tls_context {
    SSL_CTX *ctx;
    struct verification verification;
    enum tls_version least;
    bool has_certificate;    /* of ours */
    bool has_ciphers;        /* chosen by the user */
    bool was_asked;          /* the server wanted a certificate of ours and there is none */
};

/* The oldest error of OpenSSL's queue, which is the cause; the queue is empty afterwards. */
static bool openssl_failed(struct err *e, enum err_kind kind, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return err_set(e, kind, "%s: %s", what, reason ? reason : "unknown error");
}

static void set_policy(SSL_CTX *ctx)
{
    SSL_CTX_set_security_level(ctx, 2);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* Whatever openssl.cnf has: the records are ours to send (net/tls_records.h), and must not be
     * left to the kernel to encrypt. */
    SSL_CTX_clear_options(ctx, SSL_OP_ENABLE_KTLS);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    /* One system call for what is here, not two for each record. */
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
}

static bool set_versions(SSL_CTX *ctx, enum tls_version least, struct err *e)
{
    int number = least == TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;

    return SSL_CTX_set_min_proto_version(ctx, number) == 1 ||
           openssl_failed(e, ERR_OS, "cannot demand the lowest version of TLS");
}

/* OpenSSL has two settings, the suites of TLS 1.3 in one of them; a person has one list. */
static void split_ciphers(const char *list, struct buf *suites, struct buf *others)
{
    struct slice rest = slice_of(list);

    while (rest.len) {
        size_t colon = slice_find(rest, ':', 0);
        struct slice word = slice_trim(slice_make(rest.data, colon));
        struct buf *to = slice_has_prefix(word, SLICE("TLS_")) ? suites : others;
        if (word.len)
            buf_put_text(to, to->len ? ":" : "");
        buf_put_slice(to, word);
        rest = slice_from(rest, colon + 1);
    }
}

/* Does the policy leave anything of the list? The suites of TLS 1.3 that nobody chose do not count.
 */
static bool has_ciphers(SSL_CTX *ctx, bool chose_suites)
{
    SSL *ssl = SSL_new(ctx);
    STACK_OF(SSL_CIPHER) *left = ssl ? SSL_get1_supported_ciphers(ssl) : NULL;
    int chosen = 0;

    for (int i = 0; i < sk_SSL_CIPHER_num(left); i++)
        chosen += chose_suites ||
                  strcmp(SSL_CIPHER_get_version(sk_SSL_CIPHER_value(left, i)), "TLSv1.3") != 0;
    sk_SSL_CIPHER_free(left);
    SSL_free(ssl);
    return chosen > 0;
}

static bool set_ciphers(SSL_CTX *ctx, const char *list, struct err *e)
{
    struct buf suites, others;
    bool ok = true;

    buf_init(&suites, LIMIT_COMMAND);
    buf_init(&others, LIMIT_COMMAND);
    split_ciphers(list, &suites, &others);
    if (strstr(list, "@SECLEVEL"))
        ok = err_set(e, ERR_CONFIG, "tls-ciphers: @SECLEVEL has no place there, the level is 2");
    if (ok && suites.len)
        ok = SSL_CTX_set_ciphersuites(ctx, suites.data) == 1;
    if (ok && others.len)
        ok = SSL_CTX_set_cipher_list(ctx, others.data) == 1;
    else if (ok && suites.len)
        ok = SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1;
    ok = ok && has_ciphers(ctx, suites.len > 0);
    buf_clear(&suites);
    buf_clear(&others);
    ERR_clear_error();
    if (!ok && !strstr(list, "@SECLEVEL"))
        err_set(e, ERR_CONFIG, "tls-ciphers: \"%s\" leaves no cipher that may be used; "
                               "openssl ciphers -s -v lists them", list);
    return ok;
}

/* Called when the server asks for a certificate and none is loaded. */
static int note_request(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    struct tls_context *c = SSL_get_app_data(ssl);

    (void)certificate;
    (void)key;
    c->was_asked = true;
    return 0;
}

static bool prepare(struct tls_context *c, const struct tls_params *params, struct err *e)
{
    set_policy(c->ctx);
    c->least = params->least;
    c->has_ciphers = params->ciphers != NULL;
    c->has_certificate = params->certificate != NULL;
    if (!c->has_certificate)
        SSL_CTX_set_client_cert_cb(c->ctx, note_request);
    return set_versions(c->ctx, params->least, e) &&
           (!params->ciphers || set_ciphers(c->ctx, params->ciphers, e)) &&
           verification_init(&c->verification, c->ctx, params, e) &&
           (!params->certificate || client_certificate_use(c->ctx, params, e));
}

bool tls_context_new(const struct tls_params *params, struct tls_context **out, struct err *e)
{
    /* A configuration file of OpenSSL's can load engines and providers and lower the floor. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return openssl_failed(e, ERR_OS, "cannot start OpenSSL");
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx)
        return openssl_failed(e, ERR_OS, "cannot start TLS");
    struct tls_context *c = mem_alloc(sizeof *c);
    c->ctx = ctx;
    if (!prepare(c, params, e)) {
        tls_context_free(c);
        return false;
    }
    *out = c;
    return true;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ctx);
    verification_clear(&c->verification);
    free(c);
}

bool tls_session_new(struct tls_context *c, int fd, SSL **out, struct err *e)
{
    SSL *ssl = SSL_new(c->ctx);

    if (!ssl)
        return openssl_failed(e, ERR_OS, "cannot start a TLS session");
    if (!verification_set_name(&c->verification, ssl) || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return openssl_failed(e, ERR_OS, "cannot start a TLS session");
    }
    c->was_asked = false;
    SSL_set_app_data(ssl, c);
    SSL_set_connect_state(ssl);
    *out = ssl;
    return true;
}

bool tls_session_check(struct tls_context *c, SSL *ssl, struct err *e)
{
    if (!verification_is_on(&c->verification))
        return true;
    if (SSL_get0_peer_certificate(ssl) && SSL_get_verify_result(ssl) == X509_V_OK)
        return true;
    return verification_explain(&c->verification, e);
}

/* Does the server say by this alert that it is our certificate that it minds? */
static bool is_about_us(const struct tls_context *c, unsigned long code)
{
    switch (ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: case SSL_R_SSLV3_ALERT_NO_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE: case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED: case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN: case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        return true;
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return c->was_asked;
    default:
        return false;
    }
}

static bool explain_refusal(const struct tls_context *c, unsigned long code, struct err *e)
{
    const char *reason = ERR_reason_error_string(code);

    if (c->was_asked)
        return err_set(e, ERR_TLS,
                       "TLS: the server wants a certificate of ours and the account has "
                       "none; write tls-certificate (%s)",
                       reason);
    return err_set(e, ERR_TLS, "TLS: the server does not accept %s: %s",
                   c->has_certificate ? "our tls-certificate" : "us", reason);
}

bool tls_session_blames_us(SSL *ssl, unsigned long code, struct err *e)
{
    const struct tls_context *c = SSL_get_app_data(ssl);

    if (!is_about_us(c, code))
        return false;
    explain_refusal(c, code, e);
    return true;
}

/* The server and we have no version in common. */
static bool explain_version(const struct tls_context *c, struct err *e)
{
    return err_set(e, ERR_TLS, c->least == TLS_1_3
                                   ? "TLS: the server does not speak TLS 1.3, which tls-min demands"
                                   : "TLS: the server speaks no TLS of version 1.2 or newer");
}

bool tls_session_explain(struct tls_context *c, SSL *ssl, struct err *e)
{
    unsigned long code = ERR_peek_error();

    if (verification_is_on(&c->verification) && c->verification.fault != X509_V_OK) {
        ERR_clear_error();
        return verification_explain(&c->verification, e);
    }
    switch (code ? ERR_GET_REASON(code) : SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        ERR_clear_error();
        return err_set(e, ERR_CONNECT, "TLS: the server closed the connection in the handshake");
    case SSL_R_WRONG_VERSION_NUMBER: case SSL_R_UNEXPECTED_MESSAGE:
        ERR_clear_error();
        return err_set(e, ERR_PROTOCOL, "TLS: what the server sent is not TLS");
    case SSL_R_UNSUPPORTED_PROTOCOL: case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
        ERR_clear_error();
        return explain_version(c, e);
    default:
        break;
    }
    if (tls_session_blames_us(ssl, code, e)) {
        ERR_clear_error();
        return false;
    }
    if (ERR_GET_REASON(code) == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE && c->has_ciphers)
        openssl_failed(e, ERR_TLS, "TLS: the server has none of tls-ciphers");
    else
        openssl_failed(e, ERR_TLS, "TLS handshake failed");
    return false;
}

void tls_session_describe(const struct tls_context *c, SSL *ssl, struct tls_info *info)
{
    snprintf(info->version, sizeof info->version, "%s", SSL_get_version(ssl));
    snprintf(info->cipher, sizeof info->cipher, "%s", SSL_get_cipher_name(ssl));
    info->verified = verification_is_on(&c->verification);
}
