/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/tls_certificate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include "base/digest.h"
#include "base/log.h"

/* Names that are shown; certificates of big providers hold hundreds. */
#define NAMES_SHOWN 6

static struct slice dns_name(const GENERAL_NAME *name)
{
    const ASN1_STRING *text = name->d.dNSName;

    return slice_make((const char *)ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
}

static bool put_general_name(struct buf *out, const GENERAL_NAME *name, bool first)
{
    if (name->type == GEN_DNS) {
        buf_put_text(out, first ? "" : ", ");
        /* Whoever made it chose the octets: a NUL would end the text for everything behind it. */
        log_clean(out, dns_name(name));
        return true;
    }
    if (name->type != GEN_IPADD)
        return false;
    char text[INET6_ADDRSTRLEN] = "?";
    int octets = ASN1_STRING_length(name->d.iPAddress);
    if (octets == 4 || octets == 16)
        inet_ntop(octets == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), text,
                  sizeof text);
    buf_put_format(out, "%sIP %s", first ? "" : ", ", text);
    return true;
}

static GENERAL_NAMES *names_of(X509 *certificate)
{
    return X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

void certificate_put_names(X509 *certificate, struct buf *out)
{
    GENERAL_NAMES *names = names_of(certificate);
    int shown = 0, left = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (shown == NAMES_SHOWN)
            left++;
        else
            shown += put_general_name(out, name, shown == 0);
    }
    if (left)
        buf_put_format(out, " and %d more", left);
    if (!shown)
        buf_put_text(out, "no name");
    GENERAL_NAMES_free(names);
}

static void put_distinguished(const X509_NAME *name, struct buf *out)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;

    if (memory &&
        X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        long len = BIO_get_mem_data(memory, &text);
        if (len > 0)
            buf_put(out, text, (size_t)len);
    }
    BIO_free(memory);
}

void certificate_put_issuer(X509 *certificate, struct buf *out)
{
    put_distinguished(X509_get_issuer_name(certificate), out);
}

void certificate_put_subject(X509 *certificate, struct buf *out)
{
    put_distinguished(X509_get_subject_name(certificate), out);
}

static void put_day(struct buf *out, const ASN1_TIME *when)
{
    struct tm t;

    if (ASN1_TIME_to_tm(when, &t) == 1)
        buf_put_format(out, "%04d-%02d-%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
    else
        buf_put_text(out, "?");
}

void certificate_put_dates(X509 *certificate, struct buf *out)
{
    put_day(out, X509_get0_notBefore(certificate));
    buf_put_text(out, " to ");
    put_day(out, X509_get0_notAfter(certificate));
}

bool certificate_pin(X509 *certificate, bool of_key, struct pin *out)
{
    unsigned char *der = NULL;
    struct digest digest;
    int len = of_key ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der)
                     : i2d_X509(certificate, &der);

    bool ok = len > 0 && digest_hash(HASH_SHA256, slice_make((char *)der, (size_t)len), &digest) &&
              digest.len == PIN_OCTETS;
    OPENSSL_free(der);
    if (!ok)
        return false;
    out->of_key = of_key;
    memcpy(out->sha256, digest.bytes, PIN_OCTETS);
    return true;
}
