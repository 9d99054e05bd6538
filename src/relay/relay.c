/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/relay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "relay/fit.h"
#include "relay/params.h"
#include "smtp/transaction.h"

struct relay {
    const struct account *account;
    const char *hello;
    const struct transcript *transcript;
    struct session_params params;
    struct session session;
    bool is_open;
    char server[sizeof((struct delivery *)0)->server];
    struct delivery *finished;   /* fate known, not yet taken; in the order of their end */
    size_t count;
};

struct relay *relay_new(const struct account *account, const char *hello,
                        const struct transcript *transcript)
{
    struct relay *r = mem_alloc(sizeof *r);

    *r = (struct relay){.account = account, .hello = hello, .transcript = transcript};
    return r;
}

void relay_free(struct relay *r)
{
    if (!r)
        return;
    relay_close(r);
    free(r);
}

static void name_server(struct relay *r, const char *host)
{
    if (r->account->socket)
        snprintf(r->server, sizeof r->server, "%s", r->account->socket);
    else
        snprintf(r->server, sizeof r->server, "%s:%u", host, account_port(r->account));
}

/* False: `why` says why there is no session with this host. */
static bool try_host(struct relay *r, const char *host, struct outcome *why)
{
    struct err e;

    name_server(r, host);
    if (!params_init(&r->params, r->account, host, 0, &e)) {
        outcome_from_err(why, &e, NULL);
        return false;
    }
    if (!r->params.hello)
        r->params.hello = r->hello;
    r->params.transcript = r->transcript;
    r->is_open = session_open(&r->session, &r->params, why);
    if (!r->is_open)
        params_clear(&r->params);
    return r->is_open;
}

bool relay_open(struct relay *r, struct outcome *why)
{
    const struct strings *hosts = &r->account->host;
    size_t next = 0;

    relay_close(r);
    r->count = 0;
    *why = (struct outcome){0};
    do {
        const char *host = next < hosts->count ? hosts->items[next] : NULL;
        outcome_clear(why);
        if (try_host(r, host, why))
            return true;
        next++;
    } while (next < hosts->count &&
             (why->verdict == VERDICT_DEFERRED || why->kind == ERR_RESOLVE));
    return false;
}

const char *relay_server(const struct relay *r)
{
    return r->server;
}

bool relay_is_usable(const struct relay *r)
{
    return r->is_open && r->session.is_open;
}

bool relay_has_room(const struct relay *r)
{
    return relay_is_usable(r) && !r->finished;
}

size_t relay_count(const struct relay *r)
{
    return r->count;
}

/* The transaction, with the message in the form that this server takes. */
static void transact(struct relay *r, struct delivery *d)
{
    struct transaction t = {.envelope = d->envelope, .last = d->last};
    struct outcome why = {0};
    struct message own;
    struct err e;

    if (fit_message(r->account, &r->session.capabilities, d->message, &own, &t.message, &e)) {
        session_extend(&r->session, message_size(t.message));
        transaction_run(&r->session, &t);
    } else {
        outcome_from_err(&why, &e, NULL);
        envelope_decide(d->envelope, &why);
        outcome_clear(&why);
    }
    message_clear(&own);
}

void relay_send(struct relay *r, struct delivery *d)
{
    int64_t start = clock_monotonic();

    snprintf(d->server, sizeof d->server, "%s", r->server);
    d->tls = r->session.stream.tls;
    d->mechanism = r->session.mechanism;
    d->fate = DELIVERY_DECIDED;
    d->next = NULL;
    transact(r, d);
    d->milliseconds = (clock_monotonic() - start) / 1000000;
    r->finished = d;
    r->count++;
}

struct delivery *relay_take(struct relay *r, bool wait)
{
    struct delivery *d = r->finished;

    (void)wait;
    r->finished = NULL;
    return d;
}

void relay_close(struct relay *r)
{
    if (!r->is_open)
        return;
    session_close(&r->session);
    params_clear(&r->params);
    r->is_open = false;
    r->finished = NULL;
}

static void deliver(struct delivery *d)
{
    struct relay *r = relay_new(d->account, d->hello, d->transcript);
    struct outcome why;

    d->last = true;
    if (relay_open(r, &why)) {
        relay_send(r, d);
        relay_take(r, true);
    } else {
        snprintf(d->server, sizeof d->server, "%s", relay_server(r));
        envelope_decide(d->envelope, &why);
    }
    outcome_clear(&why);
    relay_free(r);
}

void relay_deliver(struct delivery *d)
{
    int64_t start = clock_monotonic();

    if (delivery_begin(d))
        deliver(d);
    delivery_end(d);
    d->milliseconds = (clock_monotonic() - start) / 1000000;
}
