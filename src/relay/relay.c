/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/relay.h"

#include <stdio.h>

#include "base/clock.h"
#include "relay/params.h"
#include "smtp/transaction.h"

static void name_server(struct delivery *d, const char *host)
{
    if (d->account->socket)
        snprintf(d->server, sizeof d->server, "%s", d->account->socket);
    else
        snprintf(d->server, sizeof d->server, "%s:%u", host, account_port(d->account));
}

static void run_session(struct delivery *d, struct session *s)
{
    struct transaction t = {.envelope = d->envelope, .message = d->message, .last = true};

    d->tls = s->stream.tls;
    d->mechanism = s->mechanism;
    transaction_run(s, &t);
}

/* False: `why` says why there was no session with this host. */
static bool try_host(struct delivery *d, const char *host, struct outcome *why)
{
    struct session_params params;
    struct session session;
    struct err e;

    name_server(d, host);
    if (!params_init(&params, d->account, host, message_size(d->message), &e)) {
        outcome_from_err(why, &e, NULL);
        return false;
    }
    if (!params.hello)
        params.hello = d->hello;
    params.transcript = d->transcript;
    bool ok = session_open(&session, &params, why);
    if (ok)
        run_session(d, &session);
    params_clear(&params);
    return ok;
}

void relay_deliver(struct delivery *d)
{
    const struct strings *hosts = &d->account->host;
    int64_t start = clock_monotonic();
    struct outcome why = {0};
    size_t next = 0;
    bool done;

    do {
        const char *host = next < hosts->count ? hosts->items[next] : NULL;
        outcome_clear(&why);
        done = try_host(d, host, &why);
        next++;
    } while (!done && next < hosts->count &&
             (why.verdict == VERDICT_DEFERRED || why.kind == ERR_RESOLVE));
    if (!done)
        envelope_decide(d->envelope, &why);
    outcome_clear(&why);
    d->milliseconds = (clock_monotonic() - start) / 1000000;
}
