/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/relay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "relay/fit.h"
#include "relay/params.h"
#include "smtp/pipeline.h"

struct relay {
    const struct account *account;
    const char *hello;
    const struct transcript *transcript;
    struct session_params params;
    struct session session;
    struct pipeline pipeline;
    bool is_open;
    bool without_chunking;   /* the server does not know what it offers */
    char server[sizeof((struct delivery *)0)->server];
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
    r->params.without_chunking = r->without_chunking;
    r->is_open = session_open(&r->session, &r->params, why);
    if (r->is_open)
        pipeline_init(&r->pipeline, &r->session);
    else
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
    return r->is_open && pipeline_is_usable(&r->pipeline);
}

bool relay_has_room(const struct relay *r)
{
    return r->is_open && pipeline_has_room(&r->pipeline);
}

size_t relay_count(const struct relay *r)
{
    return r->count;
}

/* The message in the form that this server takes; what cannot be had is the fate of all. */
static const struct message *fitting_message(struct relay *r, struct delivery *d)
{
    const struct message *m = d->message;
    struct outcome why = {0};
    struct err e;

    if (fit_message(r->account, &r->session.capabilities, d->message, &d->own, &m, &e))
        return m;
    outcome_from_err(&why, &e, NULL);
    envelope_decide(d->envelope, &why);
    outcome_clear(&why);
    return d->message;
}

void relay_send(struct relay *r, struct delivery *d)
{
    snprintf(d->server, sizeof d->server, "%s", r->server);
    d->tls = r->session.stream.tls;
    d->mechanism = r->session.mechanism;
    d->started = clock_monotonic();
    d->transaction = (struct transaction){
        .envelope = d->envelope,
        .message = fitting_message(r, d),
        .last = d->last,
        .owner = d,
        .watch = d->watch,
    };
    session_extend(&r->session, message_size(d->transaction.message));
    r->count++;
    pipeline_add(&r->pipeline, &d->transaction);
}

struct delivery *relay_take(struct relay *r, bool wait)
{
    struct transaction *t = r->is_open ? pipeline_take(&r->pipeline, wait) : NULL;

    if (!t)
        return NULL;
    struct delivery *d = t->owner;
    message_clear(&d->own);
    d->fate = envelope_is_decided(d->envelope) ? DELIVERY_DECIDED : DELIVERY_UNSENT;
    d->milliseconds = (clock_monotonic() - d->started) / 1000000;
    r->without_chunking = r->without_chunking || r->session.chunking_failed;
    return d;
}

static void abandon_all(struct relay *r)
{
    struct transaction *t;

    while ((t = pipeline_abandon(&r->pipeline))) {
        struct delivery *d = t->owner;
        message_clear(&d->own);
    }
}

void relay_close(struct relay *r)
{
    if (!r->is_open)
        return;
    abandon_all(r);
    session_close(&r->session);
    params_clear(&r->params);
    r->is_open = false;
}

/* A conversation at a time, until all is decided: each decides on somebody, but for one that finds
 * that the server does not know BDAT. */
static bool converse(struct relay *r, struct delivery *d, struct outcome *why)
{
    do {
        outcome_clear(why);
        if (!relay_open(r, why))
            return false;
        relay_send(r, d);
        relay_take(r, true);
    } while (d->fate == DELIVERY_UNSENT);
    return true;
}

static void deliver(struct delivery *d)
{
    struct relay *r = relay_new(d->account, d->hello, d->transcript);
    struct outcome why = {0};

    d->last = true;
    if (!converse(r, d, &why)) {
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
