/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/tls_records.h"

static int put(BIO *bio, const char *octets, size_t count, size_t *taken)
{
    struct tls_records *r = BIO_get_data(bio);

    buf_put(&r->octets, octets, count);
    *taken = r->octets.overflow ? 0 : count;
    return r->octets.overflow ? -1 : 1;
}

/* All there is to know: nothing has to be waited for, and nothing else is offered. */
static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO *make_bio(struct tls_records *r)
{
    r->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "records in memory");
    if (!r->method || !BIO_meth_set_write_ex(r->method, put) ||
        !BIO_meth_set_ctrl(r->method, control))
        return NULL;
    return BIO_new(r->method);
}

bool tls_records_begin(struct tls_records *r, SSL *ssl, size_t max, struct err *e)
{
    *r = (struct tls_records){0};
    buf_init(&r->octets, max);
    BIO *bio = make_bio(r);
    if (!bio) {
        tls_records_clear(r);
        return err_set(e, ERR_OS, "OpenSSL has no memory");
    }
    BIO_set_data(bio, r);
    BIO_set_init(bio, 1);
    SSL_set0_wbio(ssl, bio);
    return true;
}

struct slice tls_records_unsent(const struct tls_records *r)
{
    return slice_from(buf_slice(&r->octets), r->sent);
}

void tls_records_took(struct tls_records *r, size_t count)
{
    r->sent += count;
    if (r->sent == r->octets.len)
        tls_records_drop(r);
}

void tls_records_drop(struct tls_records *r)
{
    buf_reset(&r->octets);
    r->sent = 0;
}

void tls_records_clear(struct tls_records *r)
{
    buf_clear(&r->octets);
    BIO_meth_free(r->method);
    *r = (struct tls_records){0};
}
