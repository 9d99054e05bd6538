/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/digest.h"
#include "sasl/sasl.h"

/* CRAM-MD5, RFC 2195: the server gives a text that it has never given before, and gets the user and
 * the HMAC of that text. It proves nothing about the server, and MD5 makes guessing the password
 * from the exchange cheap; hence only for those who ask for it by name. */

static void put_hex(struct buf *out, const struct digest *d)
{
    for (size_t i = 0; i < d->len; i++)
        buf_put_format(out, "%02x", d->bytes[i]);
}

static bool cram_md5_step(struct sasl *s, struct slice challenge, struct buf *response,
                          struct err *e)
{
    struct digest proof;

    if (s->round > 0)
        return err_set(e, ERR_PROTOCOL, "the server asks for more than CRAM-MD5 has to say");
    if (challenge.len == 0)
        return err_set(e, ERR_PROTOCOL, "the server's challenge for CRAM-MD5 is empty");
    if (!digest_hmac(HASH_MD5, secret_bytes(s->params.secret), challenge, &proof))
        return err_set(e, ERR_CONFIG, "CRAM-MD5: MD5 is switched off on this system");
    buf_put_slice(response, s->params.user);
    buf_put_byte(response, ' ');
    put_hex(response, &proof);
    digest_wipe(&proof);
    s->done = true;
    return true;
}

const struct sasl_mech sasl_cram_md5 = {
    "CRAM-MD5", SASL_PASSWORD | SASL_NAMED_ONLY | SASL_SERVER_FIRST, cram_md5_step, 0};
