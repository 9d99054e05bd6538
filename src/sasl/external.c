/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "sasl/sasl.h"

/* EXTERNAL, RFC 4422 appendix A: the server knows already who we are, as a rule from the
 * certificate that we showed in the TLS handshake. The message is the identity to act as, which is
 * empty for the one that the certificate names. */

static bool external_step(struct sasl *s, struct slice challenge, struct buf *response,
                          struct err *e)
{
    if (s->round > 0 || challenge.len)
        return err_set(e, ERR_PROTOCOL, "the server asks for more than EXTERNAL has to say");
    if (slice_has_byte(s->params.user, '\0'))
        return err_set(e, ERR_CONFIG, "user may not hold a NUL");
    buf_put_slice(response, s->params.user);
    s->done = true;
    return true;
}

const struct sasl_mech sasl_external = {"EXTERNAL", SASL_CERTIFICATE, external_step, 0};
