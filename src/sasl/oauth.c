/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "sasl/gs2.h"
#include "sasl/sasl.h"

/* OAuth 2 access tokens: OAUTHBEARER (RFC 7628) and XOAUTH2, its forerunner, which Google and
 * Microsoft define in their own pages. One message with the token. A server that does not like it
 * sends a JSON text with its reasons as a challenge, gets an answer without meaning, and then
 * refuses. */

#define CONTROL_A '\001'

static bool token_is_sane(struct sasl *s, struct err *e)
{
    struct slice token = secret_bytes(s->params.secret);

    for (size_t i = 0; i < token.len; i++)
        if (ascii_is_control(token.data[i]))
            return err_set(e, ERR_CONFIG, "a token may not hold control octets");
    for (size_t i = 0; i < s->params.user.len; i++)
        if (ascii_is_control(s->params.user.data[i]))
            return err_set(e, ERR_CONFIG, "user may not hold control octets");
    return true;
}

static void put_token(struct sasl *s, struct buf *response)
{
    buf_put_text(response, "auth=Bearer ");
    buf_put_slice(response, secret_bytes(s->params.secret));
    buf_put_byte(response, CONTROL_A);
    buf_put_byte(response, CONTROL_A);
    s->done = true;
}

/* The server's reasons, instead of success. */
static bool hear_reasons(struct sasl *s, struct slice challenge, struct err *e)
{
    if (s->round > 1)
        return err_set(e, ERR_PROTOCOL, "the server asks for more than %s has to say",
                       s->mech->name);
    sasl_keep_detail(s, challenge);
    s->done = false;
    return true;
}

static bool oauthbearer_step(struct sasl *s, struct slice challenge, struct buf *response,
                             struct err *e)
{
    if (s->round > 0) {
        buf_put_byte(response, CONTROL_A);
        return hear_reasons(s, challenge, e);
    }
    if (!token_is_sane(s, e))
        return false;
    buf_put_text(response, "n,a=");
    gs2_put_name(response, s->params.user);
    buf_put_byte(response, ',');
    buf_put_byte(response, CONTROL_A);
    if (s->params.host) {
        buf_put_format(response, "host=%s", s->params.host);
        buf_put_byte(response, CONTROL_A);
        buf_put_format(response, "port=%u", s->params.port);
        buf_put_byte(response, CONTROL_A);
    }
    put_token(s, response);
    return true;
}

static bool xoauth2_step(struct sasl *s, struct slice challenge, struct buf *response,
                         struct err *e)
{
    if (s->round > 0)
        return hear_reasons(s, challenge, e);
    if (!token_is_sane(s, e))
        return false;
    buf_put_text(response, "user=");
    buf_put_slice(response, s->params.user);
    buf_put_byte(response, CONTROL_A);
    put_token(s, response);
    return true;
}

const struct sasl_mech sasl_oauthbearer = {
    "OAUTHBEARER", SASL_TOKEN | SASL_REVEALS, oauthbearer_step, 0};
const struct sasl_mech sasl_xoauth2 = {"XOAUTH2", SASL_TOKEN | SASL_REVEALS, xoauth2_step, 0};
