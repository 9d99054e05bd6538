/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/tls_verify.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/pin.h"
#include "net/resolve.h"
#include "net/tls_certificate.h"

/* A name as c_rehash makes it: the hash of a subject, and a number. */
static bool is_hashed(const char *name)
{
    size_t digits = strspn(name, "0123456789abcdef");

    return digits == 8 && name[8] == '.' && name[9] &&
           strspn(name + 9, "0123456789") == strlen(name + 9);
}

/* A directory is looked into when an issuer is wanted, by its hash: without hashed names nothing
 * would ever be found in it. */
static bool check_directory(const char *path, struct err *e)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    bool found = false;

    if (!directory)
        return err_os(e, ERR_CONFIG, "tls-ca: cannot open %s", path);
    while (!found && (entry = readdir(directory)))
        found = is_hashed(entry->d_name);
    closedir(directory);
    return found || err_set(e, ERR_CONFIG, "tls-ca: %s: holds no certificate under the name of its "
                                           "hash; run: openssl rehash %s", path, path);
}

/* The system's directory now, its bundle when nothing was found there: reading two hundred
 * certificates costs ten times what a login does. */
static bool trust_system(struct verification *v, struct err *e)
{
    v->bundle_waits = true;
    return SSL_CTX_set_default_verify_dir(v->ctx) == 1 ||
           err_set(e, ERR_CONFIG, "cannot use the system's certificates");
}

/* OpenSSL could not read the file: the system's word where it was the system, for a descriptor that
 * is missing is no fault of the file. */
static bool refuse_file(const char *option, const char *path, const char *wanted, struct err *e)
{
    unsigned long code = ERR_peek_error();

    ERR_clear_error();
    if (!ERR_SYSTEM_ERROR(code))
        return err_set(e, ERR_CONFIG, "%s: %s: no %s found there", option, path, wanted);
    errno = ERR_GET_REASON(code);
    bool is_ours = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
    return err_os(e, is_ours ? ERR_OS : ERR_CONFIG, "%s: cannot open %s", option, path);
}

/* Exactly one source of trust: what the account names, else the system's. */
static bool load_trust(struct verification *v, const char *trust, struct err *e)
{
    struct stat info;

    if (!trust)
        return trust_system(v, e);
    if (stat(trust, &info) != 0)
        return err_os(e, ERR_CONFIG, "tls-ca: cannot open %s", trust);
    if (S_ISDIR(info.st_mode))
        return check_directory(trust, e) &&
               (SSL_CTX_load_verify_dir(v->ctx, trust) == 1 ||
                err_set(e, ERR_CONFIG, "tls-ca: cannot use the directory %s", trust));
    return SSL_CTX_load_verify_file(v->ctx, trust) == 1 ||
           refuse_file("tls-ca", trust, "certificate in PEM form", e);
}

static bool load_crl(const struct verification *v, const char *path, struct err *e)
{
    X509_STORE *store = SSL_CTX_get_cert_store(v->ctx);
    X509_LOOKUP *file = X509_STORE_add_lookup(store, X509_LOOKUP_file());

    if (!file || (X509_load_crl_file(file, path, X509_FILETYPE_PEM) < 1 &&
                  X509_load_crl_file(file, path, X509_FILETYPE_ASN1) < 1))
        return refuse_file("tls-crl", path, "certificate revocation list", e);
    ERR_clear_error();
    return X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) == 1 ||
           err_set(e, ERR_OS, "cannot demand revocation lists");
}

static bool load_pins(struct verification *v, const struct strings *pins, struct err *e)
{
    v->pins = mem_resize(NULL, pins->count, sizeof *v->pins);
    for (size_t i = 0; i < pins->count; i++)
        if (!pin_parse(slice_of(pins->items[i]), &v->pins[v->pin_count++], e))
            return err_wrap(e, "tls-fingerprint");
    return true;
}

static void keep(X509 **place, X509 *certificate)
{
    if (!*place && certificate && X509_up_ref(certificate) == 1)
        *place = certificate;
}

/* The handshake proves that the peer has the key of its leaf; the pin says that this is the one. */
static bool matches_pin(const struct verification *v, X509 *leaf)
{
    struct pin shown;

    for (size_t i = 0; i < v->pin_count; i++)
        if (certificate_pin(leaf, v->pins[i].of_key, &shown) && pin_equal(&shown, &v->pins[i]))
            return true;
    return false;
}

static bool is_past(const ASN1_TIME *when)
{
    return X509_cmp_time(when, &(time_t){clock_wall()}) < 0;
}

/* Certificates that are not valid yet, or a whole chain that has expired, root included: rather is
 * our clock wrong. */
static bool suspects_clock(X509_STORE_CTX *verification, int fault)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(verification);
    int past = 0, count = chain ? sk_X509_num(chain) : 0;

    if (fault == X509_V_ERR_CERT_NOT_YET_VALID)
        return true;
    for (int i = 0; i < count; i++)
        past += is_past(X509_get0_notAfter(sk_X509_value(chain, i)));
    return fault == X509_V_ERR_CERT_HAS_EXPIRED && count > 1 && past == count;
}

/* Could more certificates to trust have made a difference? */
static bool lacks_issuer(int fault)
{
    return fault == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           fault == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           fault == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
           fault == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           fault == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT || fault == X509_V_ERR_CERT_UNTRUSTED;
}

static bool verify_once(struct verification *v, X509_STORE_CTX *verification)
{
    bool ok = X509_verify_cert(verification) == 1;

    v->fault = X509_STORE_CTX_get_error(verification);
    if (ok)
        return true;
    if (v->fault == X509_V_OK)
        v->fault = X509_V_ERR_UNSPECIFIED;
    X509_free(v->at);
    v->at = NULL;
    keep(&v->at, X509_STORE_CTX_get_current_cert(verification));
    v->clock_suspect = suspects_clock(verification, v->fault);
    return false;
}

/* OpenSSL verifies once with a context of verification, so that a second look wants a second one;
 * what it comes to counts for the first. */
static bool verify_again(struct verification *v, X509_STORE_CTX *first)
{
    X509_STORE_CTX *second = X509_STORE_CTX_new();

    bool ok = second &&
              X509_STORE_CTX_init(second, SSL_CTX_get_cert_store(v->ctx),
                                  X509_STORE_CTX_get0_cert(first),
                                  X509_STORE_CTX_get0_untrusted(first)) == 1 &&
              X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(second),
                                     X509_STORE_CTX_get0_param(first)) == 1 &&
              verify_once(v, second);
    if (ok)
        X509_STORE_CTX_set0_verified_chain(first, X509_STORE_CTX_get1_chain(second));
    X509_STORE_CTX_free(second);
    return ok;
}

static bool verify_chain(struct verification *v, X509_STORE_CTX *verification)
{
    if (verify_once(v, verification))
        return true;
    if (!v->bundle_waits || !lacks_issuer(v->fault))
        return false;
    v->bundle_waits = false;
    bool loaded = SSL_CTX_set_default_verify_file(v->ctx) == 1;
    ERR_clear_error();
    return loaded && verify_again(v, verification);
}

/* OpenSSL's hook in place of its own verification; the handshake goes on when it gives 1. */
static int verify_peer(X509_STORE_CTX *verification, void *argument)
{
    struct verification *v = argument;
    X509 *leaf = X509_STORE_CTX_get0_cert(verification);

    v->fault = X509_V_OK;
    if (v->pin_count && !matches_pin(v, leaf))
        v->fault = X509_V_ERR_APPLICATION_VERIFICATION;
    else if (!v->pin_count && v->wanted)
        verify_chain(v, verification);
    X509_STORE_CTX_set_error(verification, v->fault);
    if (v->fault == X509_V_OK)
        return 1;
    keep(&v->leaf, leaf);
    return 0;
}

/* As DNS has it: A-labels, no final dot. */
static bool take_name(struct verification *v, const char *name, struct err *e)
{
    v->name = host_to_ascii(name, e);
    if (!v->name)
        return false;
    size_t len = strlen(v->name);
    if (len > 1 && v->name[len - 1] == '.')
        v->name[len - 1] = '\0';
    return true;
}

bool verification_init(struct verification *v, SSL_CTX *ctx, const struct tls_params *params,
                       struct err *e)
{
    v->ctx = ctx;
    v->wanted = params->verify;
    if (!take_name(v, params->name, e) ||
        (params->pins && params->pins->count && !load_pins(v, params->pins, e)))
        return false;
    bool by_chain = v->wanted && !v->pin_count;
    if (by_chain &&
        (!load_trust(v, params->trust, e) || (params->crl && !load_crl(v, params->crl, e))))
        return false;
    SSL_CTX_set_cert_verify_callback(ctx, verify_peer, v);
    SSL_CTX_set_verify(ctx, verification_is_on(v) ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    return true;
}

void verification_clear(struct verification *v)
{
    X509_free(v->leaf);
    X509_free(v->at);
    free(v->pins);
    free(v->name);
    *v = (struct verification){0};
}

bool verification_is_on(const struct verification *v)
{
    return v->wanted || v->pin_count;
}

bool verification_set_name(const struct verification *v, SSL *ssl)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    /* SNI knows names only (RFC 6066 3). */
    if (host_is_literal(v->name))
        return X509_VERIFY_PARAM_set1_ip_asc(param, v->name) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(ssl, v->name) == 1 && SSL_set_tlsext_host_name(ssl, v->name) == 1;
}

/* The line to write, once a person has compared it with what the server's operator says. */
static void put_pin_line(X509 *leaf, struct buf *out)
{
    struct pin pin;

    if (!certificate_pin(leaf, false, &pin))
        return;
    buf_put_text(out, "tls-fingerprint = \"");
    pin_format(out, &pin);
    buf_put_byte(out, '"');
}

static void put_today(struct buf *out)
{
    struct tm t;
    time_t now = clock_wall();

    if (gmtime_r(&now, &t))
        buf_put_format(out, "%04d-%02d-%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
}

/* What somebody has to know who decides what to do about it; relay/hint says what there is. */
static void put_facts(const struct verification *v, struct buf *out)
{
    switch (v->fault) {
    case X509_V_ERR_CERT_HAS_EXPIRED: case X509_V_ERR_CERT_NOT_YET_VALID:
        buf_put_text(out, "; by this machine's clock it is ");
        put_today(out);
        buf_put_text(out, v->clock_suspect ? ", which is probably wrong" : "");
        break;
    case X509_V_ERR_UNABLE_TO_GET_CRL: case X509_V_ERR_CRL_HAS_EXPIRED:
        buf_put_text(out, "; get a current list for tls-crl");
        break;
    default:
        if (!lacks_issuer(v->fault))
            break;
        buf_put_text(out, "; by its fingerprint it is ");
        put_pin_line(v->leaf, out);
    }
}

static void put_shown(const struct verification *v, struct buf *out)
{
    buf_put_text(out, "; its certificate is for ");
    certificate_put_names(v->leaf, out);
    buf_put_text(out, ", issued by ");
    certificate_put_issuer(v->leaf, out);
    buf_put_text(out, ", valid ");
    certificate_put_dates(v->leaf, out);
    if (v->at && X509_cmp(v->at, v->leaf) != 0) {
        buf_put_text(out, "; the fault is in the certificate of ");
        certificate_put_subject(v->at, out);
        buf_put_text(out, ", valid ");
        certificate_put_dates(v->at, out);
    }
}

static bool explain_pin(const struct verification *v, struct err *e)
{
    struct buf line;

    buf_init(&line, LIMIT_ERROR_TEXT / 2);
    put_pin_line(v->leaf, &line);
    buf_put_text(&line, "; its certificate is for ");
    certificate_put_names(v->leaf, &line);
    err_set(e, ERR_TLS,
            "TLS: the certificate of %s matches no tls-fingerprint; what it shows is %s", v->name,
            line.data ? line.data : "?");
    buf_clear(&line);
    return false;
}

bool verification_explain(const struct verification *v, struct err *e)
{
    struct buf shown, facts;

    if (v->leaf && v->fault == X509_V_ERR_APPLICATION_VERIFICATION)
        return explain_pin(v, e);
    buf_init(&shown, LIMIT_ERROR_TEXT / 2);
    buf_init(&facts, LIMIT_ERROR_TEXT / 3);
    if (v->leaf) {
        put_shown(v, &shown);
        put_facts(v, &facts);
    }
    err_set(e, ERR_TLS, "TLS: the server is not proved to be %s: %s%s%s", v->name,
            v->leaf ? X509_verify_cert_error_string(v->fault) : "it showed no certificate",
            shown.data ? shown.data : "", facts.data ? facts.data : "");
    buf_clear(&shown);
    buf_clear(&facts);
    return false;
}
