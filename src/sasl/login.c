/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "sasl/sasl.h"

/* LOGIN, never standardised (draft-murchison-sasl-login): the user name, then the password, each
 * when asked. The initial response is the user name; a server that overlooks it asks for the name
 * once more, which its prompt ("Username:", "User Name") shows. Other prompts say nothing and are
 * not looked at. */

static bool asks_for_user(struct slice prompt)
{
    return slice_has_prefix_nocase(slice_trim(prompt), SLICE("user"));
}

static bool login_step(struct sasl *s, struct slice challenge, struct buf *response, struct err *e)
{
    if (s->round == 0 || (s->round == 1 && asks_for_user(challenge))) {
        buf_put_slice(response, s->params.user);
        return true;
    }
    if (s->done)
        return err_set(e, ERR_PROTOCOL, "the server asks for more than LOGIN has to say");
    buf_put_slice(response, secret_bytes(s->params.secret));
    s->done = true;
    return true;
}

const struct sasl_mech sasl_login = {"LOGIN", SASL_PASSWORD | SASL_REVEALS, login_step, 0};
