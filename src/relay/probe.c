/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/probe.h"

#include <stdio.h>

#include "relay/params.h"
#include "smtp/trial.h"

static bool is_implicit(const struct probe *p)
{
    return p->account->tls == ACCOUNT_TLS_IMPLICIT;
}

/* The step that comes behind an event, so that a failure can be told by its place. */
static enum probe_step step_behind(const struct probe *p, enum session_event event,
                                   const struct session *s)
{
    bool wants_tls = p->account->tls == ACCOUNT_TLS_STARTTLS ||
                     (p->account->tls == ACCOUNT_TLS_OPPORTUNISTIC &&
                      capabilities_has(&s->capabilities, CAPABILITY_STARTTLS));

    switch (event) {
    case SESSION_CONNECTED: return is_implicit(p) ? PROBE_TLS : PROBE_GREETING;
    case SESSION_ENCRYPTED: return is_implicit(p) ? PROBE_GREETING : PROBE_HELLO;
    case SESSION_GREETED: return PROBE_HELLO;
    case SESSION_HELLO_DONE:
        return wants_tls && !stream_is_encrypted(&s->stream) ? PROBE_TLS : PROBE_LOGIN;
    case SESSION_LOGGED_IN: break;
    }
    return PROBE_SENDER;
}

static void pass_on(void *argument, enum session_event event, const struct session *s)
{
    static const enum probe_step steps[] = {
        [SESSION_CONNECTED] = PROBE_CONNECTION, [SESSION_ENCRYPTED] = PROBE_TLS,
        [SESSION_GREETED] = PROBE_GREETING,     [SESSION_HELLO_DONE] = PROBE_HELLO,
        [SESSION_LOGGED_IN] = PROBE_LOGIN,
    };
    struct probe *p = argument;

    p->session = s;
    p->observe(p, steps[event], NULL);
    p->next = step_behind(p, event, s);
}

static bool look_up(struct probe *p, const char *host, struct outcome *why)
{
    struct deadline deadline = deadline_in((int64_t)p->account->connect_timeout * 1000);
    struct err e;

    p->next = PROBE_NAMES;
    /* Nothing to look up on a socket, and a proxy does it itself. */
    if (!host || p->account->proxy) {
        p->next = PROBE_CONNECTION;
        return true;
    }
    if (!resolve_host(host, account_port(p->account), deadline, &p->addresses, &e)) {
        outcome_from_err(why, &e, "name look-up");
        return false;
    }
    p->observe(p, PROBE_NAMES, NULL);
    p->next = PROBE_CONNECTION;
    return true;
}

static bool try_envelope(struct probe *p, struct session *s, struct outcome *why)
{
    if (!p->sender)
        return true;
    p->next = PROBE_SENDER;
    enum trial_step step = trial_run(s, p->sender, p->recipient, why);
    if (step == TRIAL_SENDER)
        return false;
    p->observe(p, PROBE_SENDER, NULL);
    p->next = PROBE_RECIPIENT;
    if (step == TRIAL_RECIPIENT)
        return false;
    p->observe(p, PROBE_RECIPIENT, NULL);
    return true;
}

static bool try_session(struct probe *p, const char *host, struct outcome *why)
{
    struct session_params params;
    struct session session;
    struct err e;

    if (!params_init(&params, p->account, host, 0, &e)) {
        outcome_from_err(why, &e, NULL);
        return false;
    }
    if (!params.hello)
        params.hello = p->hello;
    params.transcript = p->transcript;
    params.observe = pass_on;
    params.observer = p;
    if (p->begin)
        p->begin(p);
    bool ok = session_open(&session, &params, why);
    if (ok) {
        ok = try_envelope(p, &session, why);
        session_close(&session);
    }
    p->session = NULL;
    params_clear(&params);
    return ok;
}

static bool try_host(struct probe *p, const char *host, struct outcome *why)
{
    p->session = NULL;
    if (p->account->socket)
        snprintf(p->server, sizeof p->server, "%s", p->account->socket);
    else
        snprintf(p->server, sizeof p->server, "%s:%u", host, account_port(p->account));
    if (look_up(p, host, why) && try_session(p, host, why))
        return true;
    p->observe(p, p->next, why);
    return false;
}

bool probe_run(struct probe *p, struct outcome *why)
{
    const struct strings *hosts = &p->account->host;
    size_t next = 0;
    bool ok;

    *why = (struct outcome){0};
    do {
        outcome_clear(why);
        ok = try_host(p, next < hosts->count ? hosts->items[next] : NULL, why);
        next++;
    } while (!ok && next < hosts->count &&
             (why->verdict == VERDICT_DEFERRED || why->kind == ERR_RESOLVE));
    return ok;
}
