/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/receiver.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/admission.h"
#include "cmd/submission.h"
#include "mail/date.h"
#include "queue/entry.h"
#include "relay/narrow.h"
#include "smtp/server.h"

struct receiving {
    const struct receiver *r;
    struct host host;        /* the service's, speaking of the client's user */
};

static const char *our_name(const struct host *h)
{
    const char *hello = host_hello(h);

    return hello ? hello : "localhost";
}

const char *receiver_refusal(enum quota_verdict verdict)
{
    switch (verdict) {
    case QUOTA_OK:
        return NULL;
    case QUOTA_CONNECTIONS:
        return "421 4.3.2 Too many connections; try again later";
    case QUOTA_SESSIONS:
        return "421 4.7.0 Too many connections of yours; try again later";
    case QUOTA_MESSAGES:
        return "452 4.3.1 Too many messages of yours wait in the queue; try again later";
    case QUOTA_OCTETS:
        return "452 4.3.1 Your messages in the queue take too much room; try again later";
    case QUOTA_RATE:
        return "452 4.7.1 Too many messages of yours in a minute; try again later";
    }
    return "421 4.3.0 Something is wrong here; try again later";
}

static const char *admit(void *argument, uint64_t octets, bool is_new)
{
    const struct receiving *a = argument;
    enum quota_verdict verdict;

    if (!admission_ask(a->r->admission, is_new ? ADMISSION_NEW : ADMISSION_MORE, octets, &verdict))
        return "421 4.3.2 The service is ending; try again later";
    return receiver_refusal(verdict);
}

static size_t count_hops(const struct header *h)
{
    size_t hops = 0;

    for (size_t i = header_find(h, "Received", 0); i < h->count;
         i = header_find(h, "Received", i + 1))
        hops++;
    return hops;
}

/* RFC 5321 4.4, in the form that is usual for mail of a machine's own users. It ends loops, too. */
static bool add_trace(const struct receiving *a, struct submission *s, const char *id,
                      struct err *e)
{
    struct buf value;

    if (count_hops(&s->message.header) >= LIMIT_HOPS)
        return err_set(e, ERR_REFUSED, "this message has been in %d places already: a loop",
                       LIMIT_HOPS);
    buf_init(&value, LIMIT_TEXT_LINE);
    buf_put_format(&value, "by %s (smtpost, from ", our_name(&a->host));
    if (s->has_owner)
        buf_put_format(&value, "uid %" PRIu64, s->owner);
    else
        buf_put_text(&value, "TCP");
    buf_put_format(&value, ")\r\n\tid %s; ", id);
    date_format(&value, clock_wall());
    bool ok = header_add_first(&s->message.header, "Received", buf_slice(&value), e);
    buf_clear(&value);
    return ok;
}

/* What is wrong with our configuration or disk is not the message's fault: the client keeps it. */
static void put_off(struct outcome *o, const struct err *e)
{
    outcome_from_err(o, e, NULL);
    if (e->kind == ERR_CONFIG || e->kind == ERR_CREATE || e->kind == ERR_IO || e->kind == ERR_OS)
        o->verdict = VERDICT_DEFERRED;
    if (e->kind == ERR_CONFIG)
        o->status = (struct status){4, 3, 5};
    else if (o->verdict == VERDICT_DEFERRED)
        o->status = (struct status){4, 3, 0};
}

static void thank(const struct receiving *a, const char *id, struct outcome *o)
{
    struct buf text;

    buf_init(&text, LIMIT_LOG_LINE);
    buf_put_format(&text, "Ok: queued as %s", id);
    if (a->r->args->verbose)
        log_line("queued as %s", id);
    *o = (struct outcome){.verdict = VERDICT_DELIVERED, .text = buf_take(&text)};
}

/* A user's own name for a sender, or number, is what stands there when he has named none. */
static bool names_sender(struct receiving *a, const struct path *sender)
{
    struct slice local = path_local(sender);
    bool is_own = slice_eq(local, slice_of(host_user_or_number(&a->host)));
    char number[24];

    snprintf(number, sizeof number, "%" PRIu64, a->r->who.uid);
    is_own = is_own || slice_eq(local, slice_of(number));
    return !path_is_bare(sender) || !a->r->who.is_known || !is_own;
}

static void take_in(void *argument, struct envelope *v, struct message *m, struct outcome *o)
{
    struct receiving *a = argument;
    const struct receiver *r = a->r;
    char id[ENTRY_ID_MAX + 1];
    struct submission s;
    struct err e;

    entry_name(id, clock_wall());
    submission_init(&s, r->args, &a->host, r->config);
    submission_take(&s, v, m);
    s.has_owner = r->who.is_known;
    s.owner = r->who.uid;
    s.sender_is_given = names_sender(a, &s.envelope.reverse_path);
    if (!s.sender_is_given)
        path_clear(&s.envelope.reverse_path);
    bool ok = submission_prepare(&s, &e) && add_trace(a, &s, id, &e) &&
              submission_keep(&s, id, &e);
    admission_tell(r->admission, ok ? ADMISSION_KEPT : ADMISSION_DROPPED,
                   ok ? message_size(&s.message) : 0);
    if (ok) {
        thank(a, id, o);
    } else {
        submission_fail(&s, &e);
        put_off(o, &e);
    }
    submission_clear(&s);
}

void receiver_run(const struct receiver *r)
{
    struct receiving a = {.r = r, .host = *r->host};
    struct err e;

    host_become(&a.host, r->who.is_known, (uid_t)r->who.uid);
    narrow_to_places(r->places);
    struct server server = {
        .name = our_name(&a.host),
        .directory = a.host.temporary,
        .max_size = r->limits->size,
        .argument = &a,
        .accept = take_in,
        .admit = admit,
        .stop = r->stop,
        .grace = RECEIVER_GRACE,
    };
    /* A client that went away in the middle is no fault, and told only to who watches. */
    if (!server_run(&server, r->client, r->client, &e) && r->args->verbose)
        log_line("%s", e.text);
}
