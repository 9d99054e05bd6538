/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "net/resolve.h"

struct tls_context {
    SSL_CTX *ctx;
    char *name;
    char *trust;
    bool verify;
    X509 *rejected;          /* what the peer showed, when that was not accepted */
};

/* The oldest error of OpenSSL's queue, which is the cause; the queue is empty afterwards. */
static void openssl_reason(char *text, size_t size)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    snprintf(text, size, "%s", reason ? reason : "unknown error");
    ERR_clear_error();
}

static bool openssl_failed(struct err *e, enum err_kind kind, const char *what)
{
    char reason[256];

    openssl_reason(reason, sizeof reason);
    return err_set(e, kind, "%s: %s", what, reason);
}

/* Exactly one source of trust: what the account names, else the system's. */
static bool load_trust(SSL_CTX *ctx, const char *trust, struct err *e)
{
    struct stat info;

    if (!trust)
        return SSL_CTX_set_default_verify_paths(ctx) == 1 ||
               openssl_failed(e, ERR_CONFIG, "cannot use the system's certificates");
    if (stat(trust, &info) != 0)
        return err_os(e, ERR_CONFIG, "tls-ca: cannot open %s", trust);
    if (S_ISDIR(info.st_mode))
        return SSL_CTX_load_verify_dir(ctx, trust) == 1 ||
               openssl_failed(e, ERR_CONFIG, "tls-ca: cannot use the directory");
    if (SSL_CTX_load_verify_file(ctx, trust) == 1)
        return true;
    ERR_clear_error();
    return err_set(e, ERR_CONFIG, "tls-ca: %s: no certificate in PEM form found there", trust);
}

/* OpenSSL forgets a certificate that it has rejected; the error text wants it. */
static int keep_rejected(int accepted, X509_STORE_CTX *verification)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_context *c = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get0_cert(verification);

    if (!accepted && !c->rejected && certificate && X509_up_ref(certificate) == 1)
        c->rejected = certificate;
    return accepted;
}

static bool set_policy(SSL_CTX *ctx, bool verify, struct err *e)
{
    SSL_CTX_set_security_level(ctx, 2);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, keep_rejected);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 ||
           openssl_failed(e, ERR_OS, "cannot demand TLS 1.2");
}

bool tls_context_new(const struct tls_params *params, struct tls_context **out, struct err *e)
{
    /* A configuration file of OpenSSL's can load engines and providers and lower the floor. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return openssl_failed(e, ERR_OS, "cannot start OpenSSL");
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx)
        return openssl_failed(e, ERR_OS, "cannot start TLS");
    if (!set_policy(ctx, params->verify, e) ||
        (params->verify && !load_trust(ctx, params->trust, e))) {
        SSL_CTX_free(ctx);
        return false;
    }
    struct tls_context *c = mem_alloc(sizeof *c);
    c->ctx = ctx;
    c->name = mem_strdup(params->name);
    c->trust = params->trust ? mem_strdup(params->trust) : NULL;
    c->verify = params->verify;
    *out = c;
    return true;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    X509_free(c->rejected);
    SSL_CTX_free(c->ctx);
    free(c->name);
    free(c->trust);
    free(c);
}

/* Name checking, and SNI for names only (RFC 6066 3). */
static bool set_name(const struct tls_context *c, SSL *ssl)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (host_is_literal(c->name))
        return X509_VERIFY_PARAM_set1_ip_asc(param, c->name) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(ssl, c->name) == 1 && SSL_set_tlsext_host_name(ssl, c->name) == 1;
}

bool tls_session_new(struct tls_context *c, int fd, SSL **out, struct err *e)
{
    SSL *ssl = SSL_new(c->ctx);

    if (!ssl)
        return openssl_failed(e, ERR_OS, "cannot start a TLS session");
    if (!set_name(c, ssl) || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return openssl_failed(e, ERR_OS, "cannot start a TLS session");
    }
    SSL_set_app_data(ssl, c);
    SSL_set_connect_state(ssl);
    *out = ssl;
    return true;
}

bool tls_session_check(struct tls_context *c, SSL *ssl, struct err *e)
{
    if (!c->verify)
        return true;
    if (SSL_get0_peer_certificate(ssl) && SSL_get_verify_result(ssl) == X509_V_OK)
        return true;
    return tls_session_explain(c, ssl, e);
}

static void put_general_name(struct buf *out, const GENERAL_NAME *name)
{
    if (name->type == GEN_DNS) {
        const ASN1_STRING *text = name->d.dNSName;
        buf_put_text(out, out->len ? ", " : "");
        buf_put(out, ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
    } else if (name->type == GEN_IPADD) {
        char *text = i2s_ASN1_OCTET_STRING(NULL, name->d.iPAddress);
        buf_put_format(out, "%sIP %s", out->len ? ", " : "", text ? text : "?");
        OPENSSL_free(text);
    }
}

/* The names that a certificate is for, "none" if it has no subject alternative name. */
static void certificate_names(X509 *certificate, struct buf *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        put_general_name(out, sk_GENERAL_NAME_value(names, i));
    GENERAL_NAMES_free(names);
    if (out->len == 0)
        buf_put_text(out, "none");
}

static void put_time(struct buf *out, const ASN1_TIME *when)
{
    struct tm t;

    if (ASN1_TIME_to_tm(when, &t) == 1)
        buf_put_format(out, "%04d-%02d-%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
    else
        buf_put_text(out, "?");
}

/* What a person needs to see of a certificate that was not accepted. */
static void describe_certificate(X509 *certificate, struct buf *out)
{
    char *issuer = X509_NAME_oneline(X509_get_issuer_name(certificate), NULL, 0);
    struct buf names;

    buf_init(&names, 256);
    certificate_names(certificate, &names);
    buf_put_format(out, "; the certificate is for %s, issued by %s, valid ",
                   names.data ? names.data : "?", issuer ? issuer : "?");
    put_time(out, X509_get0_notBefore(certificate));
    buf_put_text(out, " to ");
    put_time(out, X509_get0_notAfter(certificate));
    buf_clear(&names);
    OPENSSL_free(issuer);
}

static bool verification_failed(const struct tls_context *c, SSL *ssl, struct err *e)
{
    long result = SSL_get_verify_result(ssl);
    struct buf details;

    buf_init(&details, LIMIT_ERROR_TEXT / 2);
    if (c->rejected)
        describe_certificate(c->rejected, &details);
    ERR_clear_error();
    err_set(e, ERR_TLS, "TLS: the server is not proved to be %s: %s%s", c->name,
            X509_verify_cert_error_string(result), details.data ? details.data : "");
    buf_clear(&details);
    return false;
}

bool tls_session_explain(struct tls_context *c, SSL *ssl, struct err *e)
{
    unsigned long code = ERR_peek_error();

    if (c->verify && SSL_get_verify_result(ssl) != X509_V_OK)
        return verification_failed(c, ssl, e);
    if (code == 0 || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ERR_clear_error();
        return err_set(e, ERR_CONNECT, "TLS: the server closed the connection in the handshake");
    }
    if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER ||
        ERR_GET_REASON(code) == SSL_R_UNEXPECTED_MESSAGE) {
        ERR_clear_error();
        return err_set(e, ERR_PROTOCOL, "TLS: what the server sent is not TLS");
    }
    return openssl_failed(e, ERR_TLS, "TLS handshake failed");
}

void tls_session_describe(const struct tls_context *c, SSL *ssl, struct tls_info *info)
{
    snprintf(info->version, sizeof info->version, "%s", SSL_get_version(ssl));
    snprintf(info->cipher, sizeof info->cipher, "%s", SSL_get_cipher_name(ssl));
    info->verified = c->verify;
}
