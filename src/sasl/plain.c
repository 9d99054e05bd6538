/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "sasl/sasl.h"

/* PLAIN, RFC 4616: [authzid] NUL authcid NUL passwd, in one message. */

static bool plain_step(struct sasl *s, struct slice challenge, struct buf *response, struct err *e)
{
    struct slice secret = secret_bytes(s->params.secret);

    if (s->round > 0 || challenge.len)
        return err_set(e, ERR_PROTOCOL, "the server asks for more than PLAIN has to say");
    if (slice_has_byte(s->params.user, '\0') || slice_has_byte(secret, '\0'))
        return err_set(e, ERR_CONFIG, "user and password may not hold a NUL");
    buf_put_byte(response, '\0');
    buf_put_slice(response, s->params.user);
    buf_put_byte(response, '\0');
    buf_put_slice(response, secret);
    s->done = true;
    return true;
}

const struct sasl_mech sasl_plain = {"PLAIN", SASL_PASSWORD | SASL_REVEALS, plain_step, 0};
