/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "net/tls_binding.h"
#include "sasl/sasl.h"
#include "smtp/auth.h"

struct attempt {
    struct session *session;
    const struct sasl_mech *mech;
    struct secret secret;
    bool is_refreshed;       /* the secret is the second one asked for */
    const char *type;        /* of the channel binding; NULL: there is none */
    size_t next_type;
    struct buf binding;
};

/* The next type of channel binding that this connection has. */
static bool next_binding(struct attempt *a)
{
    SSL *ssl = a->session->stream.ssl;

    buf_reset(&a->binding);
    a->type = NULL;
    while (ssl && !a->type) {
        const char *type = tls_binding_type(a->next_type++);
        if (!type)
            break;
        if (tls_channel_binding(ssl, type, &a->binding))
            a->type = type;
    }
    return a->type;
}

/* May a secret that works a second time be sent here? */
static bool is_private(const struct session *s)
{
    bool demanded = s->params->security == SESSION_STARTTLS ||
                    s->params->security == SESSION_IMPLICIT;

    return (demanded && stream_is_encrypted(&s->stream)) || address_is_local(&s->peer) ||
           s->params->cleartext_auth;
}

static bool choose(struct attempt *a, struct err *e)
{
    const struct session_params *p = a->session->params;
    struct sasl_wish wish = {
        .wanted = p->mechanisms,
        .offered = &a->session->capabilities.auth,
        .has_password = p->has_password,
        .has_token = p->has_token,
        .has_certificate = p->has_certificate,
        .can_bind = a->type,
    };

    a->mech = sasl_choose(&wish, e);
    if (a->mech && (a->mech->flags & SASL_REVEALS) && !is_private(a->session))
        return err_set(e, ERR_AUTH,
                       "will not send a %s without verified TLS; set tls = starttls, or "
                       "cleartext-auth = yes to do it all the same",
                       a->mech->flags & SASL_TOKEN ? "token" : "password");
    return a->mech;
}

static bool get_secret(struct attempt *a, bool refresh, struct secret *out, struct err *e)
{
    const struct session *s = a->session;
    int64_t wait = s->params->timeout ? s->params->timeout : 120 * 1000;

    return !(a->mech->flags & (SASL_PASSWORD | SASL_TOKEN)) ||
           s->params->secret(s->params->secret_argument, refresh,
                             deadline_earlier(deadline_in(wait), s->stream.overall), out, e);
}

/* Could the server have been made to hide the -PLUS form of this mechanism? */
static bool is_plus_missing(const struct attempt *a)
{
    char plus[64];

    snprintf(plus, sizeof plus, "%s-PLUS", a->mech->name);
    return a->type && !sasl_is_offered(&a->session->capabilities.auth, plus);
}

/* The server's own reason, which came before its refusal. */
static void add_detail(struct outcome *why, const char *detail)
{
    struct buf text;

    if (!*detail || !why->text)
        return;
    buf_init(&text, (size_t)2 * LIMIT_REPLY_TEXT + SASL_DETAIL_MAX);
    buf_put_format(&text, "%s (its reason: %s)", why->text, detail);
    if (!text.overflow) {
        free(why->text);
        why->text = buf_take(&text);
    }
    buf_clear(&text);
}

/* A fresh token in place of the one that was refused. False without a fault: there is none. */
static bool refresh_token(struct attempt *a, bool *failed, struct err *e)
{
    struct secret fresh = {0};

    if (!(a->mech->flags & SASL_TOKEN) || a->is_refreshed || a->session->reply.code != 535)
        return false;
    a->is_refreshed = true;
    transcript_note(a->session->params->transcript, "the token is refused; asking for a fresh one");
    *failed = !get_secret(a, true, &fresh, e);
    bool differs = !*failed && !digest_equal(secret_bytes(&fresh), secret_bytes(&a->secret));
    if (differs)
        secret_set(&a->secret, secret_bytes(&fresh));
    secret_clear(&fresh);
    return differs;
}

static bool other_binding(struct attempt *a, const struct sasl *sasl)
{
    return (a->mech->flags & SASL_BINDS) &&
           strcmp(sasl->detail, "unsupported-channel-binding-type") == 0 && next_binding(a);
}

/* The server has refused. True: worth another exchange. */
static bool try_again(struct attempt *a, const struct sasl *sasl, struct outcome *why)
{
    bool failed = false;
    struct err e;

    if (other_binding(a, sasl) || refresh_token(a, &failed, &e))
        return true;
    if (failed) {
        struct slice words = buf_slice(&a->session->reply.text);
        err_wrap(&e, "the server refused the token (%u %.*s), and there is no fresh one",
                 a->session->reply.code, (int)slice_find(words, '\n', 0), words.data);
        return session_fail(a->session, VERB_AUTH, &e, why);
    }
    return session_refuse(a->session, VERB_AUTH, ERR_AUTH, why);
}

/* One exchange. *again: it failed, but may be tried once more. */
static bool exchange(struct attempt *a, bool *again, struct outcome *why)
{
    struct session *s = a->session;
    struct sasl_params params = {
        .user = slice_of(s->params->user),
        .secret = &a->secret,
        .may_bind = is_plus_missing(a),
        .host = s->params->host,
        .port = s->params->port,
    };
    struct sasl sasl;

    if (a->mech->flags & SASL_BINDS)
        params.binding = (struct sasl_binding){a->type, buf_slice(&a->binding)};
    reply_veil(&s->reply, VEIL_SECRET, secret_bytes(&a->secret));
    sasl_start(&sasl, a->mech, &params);
    bool ok = auth_exchange(s, &sasl, why);
    *again = false;
    if (ok && s->reply.code != 235) {
        *again = try_again(a, &sasl, why);
        ok = false;
    }
    if (!ok && !*again)
        add_detail(why, sasl.detail);
    sasl_end(&sasl);
    return ok;
}

static void lift_veils(struct session *s)
{
    for (enum veil v = 0; v < VEILS; v++)
        reply_veil(&s->reply, v, SLICE(""));
}

static bool attempt(struct attempt *a, struct outcome *why)
{
    bool again = true, ok = false;
    struct err e;

    if (!get_secret(a, false, &a->secret, &e))
        return session_fail(a->session, VERB_AUTH, &e, why);
    while (again)
        ok = exchange(a, &again, why);
    if (ok)
        a->session->mechanism = a->mech->name;
    return ok;
}

bool login_run(struct session *s, struct outcome *why)
{
    struct attempt a = {.session = s};
    struct err e;

    if (!s->params->login)
        return true;
    buf_init(&a.binding, 1024);
    next_binding(&a);
    bool ok = choose(&a, &e) ? attempt(&a, why)
                             : s->params->login_if_offered || session_fail(s, VERB_AUTH, &e, why);
    secret_clear(&a.secret);
    buf_wipe(&a.binding);
    lift_veils(s);
    return ok;
}
