/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/tls_chain.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/limits.h"
#include "net/tls_certificate.h"

static long days_left(const X509 *certificate)
{
    time_t now = clock_wall();
    ASN1_TIME *today = ASN1_TIME_set(NULL, now);
    int days = 0, seconds = 0;

    if (!today || !ASN1_TIME_diff(&days, &seconds, today, X509_get0_notAfter(certificate)))
        days = 0;
    ASN1_TIME_free(today);
    return seconds < 0 ? days - 1 : days;
}

bool tls_chain_link(const SSL *ssl, size_t index, struct tls_link *out)
{
    STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);

    if (!chain)
        chain = SSL_get_peer_cert_chain(ssl);
    if (!chain || index >= (size_t)sk_X509_num(chain))
        return false;
    X509 *certificate = sk_X509_value(chain, (int)index);
    buf_init(&out->subject, LIMIT_ERROR_TEXT);
    buf_init(&out->names, LIMIT_ERROR_TEXT);
    buf_init(&out->issuer, LIMIT_ERROR_TEXT);
    buf_init(&out->dates, LIMIT_ERROR_TEXT);
    certificate_put_subject(certificate, &out->subject);
    certificate_put_names(certificate, &out->names);
    certificate_put_issuer(certificate, &out->issuer);
    certificate_put_dates(certificate, &out->dates);
    out->days_left = days_left(certificate);
    return true;
}

void tls_link_clear(struct tls_link *l)
{
    buf_clear(&l->subject);
    buf_clear(&l->names);
    buf_clear(&l->issuer);
    buf_clear(&l->dates);
}
