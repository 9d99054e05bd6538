/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/worker.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/run.h"
#include "queue/schedule.h"

/* Messages under way at the same time: each is an open file. */
#define FLYING_MAX 64
/* Conversations that break one after the other, without a message delivered between, before that is
 * taken for the account's trouble. */
#define BROKEN_MAX 3
/* A message that waits for its account is looked at again after this time: its age is counted. */
#define RECOUNT (12 * 3600)

/* A message in our hands. */
struct slot {
    struct taken taken;
    struct message message;
    struct delivery delivery;
    bool begun;              /* through the account's filter; delivery_end is due */
    struct slot *next;
};

struct walk {
    const struct worker *w;
    struct relay *relay;
    struct slot *ahead;      /* taken, not yet begun: whether one follows decides about QUIT */
    struct slot *again;      /* begun, but the conversation ended before their turn */
    size_t walked;
    size_t flying;
    unsigned broken;
    bool opened;             /* the account works: what waited for it need not wait longer */
    bool stop;               /* begin no more */
    size_t tried;
    bool stuck;
};

static void slot_free(struct slot *s)
{
    if (!s)
        return;
    if (s->begun)
        delivery_end(&s->delivery);
    message_clear(&s->message);
    taken_release(&s->taken);
    free(s);
}

static void complain(const struct walk *k, const char *id, const struct err *e)
{
    settle_complain(k->w->keeper, id, e);
}

static void set_aside(const struct walk *k, const char *id, struct err *e)
{
    struct err why;

    err_wrap(e, "set aside");
    complain(k, id, e);
    if (!spool_set_aside(k->w->keeper->spool, id, &why))
        complain(k, id, &why);
}

static struct slot *make_slot(const struct walk *k, struct taken *t)
{
    struct slot *s = mem_alloc(sizeof *s);
    struct err e;

    s->taken = *t;
    if (!taken_message(&s->taken, &s->message, &e)) {
        complain(k, t->entry.id, &e);
        slot_free(s);
        return NULL;
    }
    s->message.body.directory = k->w->keeper->spool->path;   /* for what is made of it */
    settle_prepare(&s->taken.entry);
    s->delivery = (struct delivery){
        .id = s->taken.entry.id,
        .account = k->w->account,
        .message = &s->message,
        .envelope = &s->taken.entry.envelope,
        .hello = k->w->hello,
        .has_owner = s->taken.entry.has_owner,
        .owner = s->taken.entry.owner,
        .transcript = k->w->transcript,
    };
    return s;
}

/* Hold the message, unless it was tried, or is held back, since the scan. */
static struct slot *take(const struct walk *k, const struct job *job)
{
    struct taken t;
    struct err e;

    switch (spool_take(k->w->keeper->spool, job->id, &t, &e)) {
    case SPOOL_FOUND:
        if (t.entry.tries == job->tries && entry_state(&t.entry) == ENTRY_QUEUED)
            return make_slot(k, &t);
        taken_release(&t);
        return NULL;
    case SPOOL_DAMAGED:
        set_aside(k, job->id, &e);
        return NULL;
    case SPOOL_FAILED:
        complain(k, job->id, &e);
        return NULL;
    case SPOOL_GONE:
    case SPOOL_BUSY:
        break;
    }
    return NULL;
}

static struct slot *walk_on(struct walk *k)
{
    const struct worker *w = k->w;

    while (k->walked < w->count) {
        const struct job *job = &w->jobs[(w->start + k->walked++) % w->count];
        if (!job->eligible && !(k->opened && job->down))
            continue;
        struct slot *s = take(k, job);
        if (s)
            return s;
    }
    return NULL;
}

/* The next message, and another one in sight behind it. */
static struct slot *next_slot(struct walk *k)
{
    struct slot *s = k->again;

    if (s) {
        k->again = s->next;
        return s;
    }
    s = k->ahead ? k->ahead : walk_on(k);
    k->ahead = s ? walk_on(k) : NULL;
    return s;
}

static bool has_more(const struct walk *k)
{
    return k->again || k->ahead || k->walked < k->w->count;
}

static bool is_broken(const struct envelope *v)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct outcome *o = &v->recipients[i].outcome;
        if (o->verdict == VERDICT_IN_DOUBT ||
            (o->verdict == VERDICT_DEFERRED && !o->by_server && o->kind != ERR_NONE))
            return true;
    }
    return false;
}

static bool is_delivered(const struct envelope *v)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->recipients[i].outcome.verdict == VERDICT_DELIVERED)
            return true;
    return false;
}

static void end_delivery(const struct walk *k, struct slot *s)
{
    if (!s->begun)
        return;
    s->begun = false;
    delivery_end(&s->delivery);
    if (s->delivery.warning.kind != ERR_NONE)
        complain(k, s->taken.entry.id, &s->delivery.warning);
}

static void write_back(struct walk *k, struct slot *s, bool down)
{
    end_delivery(k, s);
    enum settled settled =
        settle_attempt(k->w->keeper, &s->taken, k->w->account, &s->delivery, down);

    k->tried++;
    if (settled == SETTLED_NOT)
        k->stuck = k->stop = true;
    slot_free(s);
}

/* A message whose fate is known. */
static void settle(struct walk *k, struct slot *s)
{
    const struct envelope *v = s->delivery.envelope;

    if (s->delivery.fate == DELIVERY_UNSENT) {
        s->next = k->again;
        k->again = s;
        return;
    }
    bool slow = settle_is_slow_down(v);
    if (is_delivered(v))
        k->broken = 0;
    else if (is_broken(v))
        k->broken++;
    bool down = slow || k->broken >= BROKEN_MAX;
    k->stop = k->stop || down;
    write_back(k, s, down);
}

static struct slot *slot_of(struct delivery *d)
{
    return (struct slot *)((char *)d - offsetof(struct slot, delivery));
}

/* Send it; a filter that fails decides on it here, and it is never under way. */
static void begin(struct walk *k, struct slot *s)
{
    bool ready = s->begun || delivery_begin(&s->delivery);

    s->begun = true;
    if (!ready) {
        settle(k, s);
        return;
    }
    k->flying++;
    relay_send(k->relay, &s->delivery);
}

static bool may_begin(struct walk *k)
{
    k->stop = k->stop || run_is_rung(k->w->stop);
    return !k->stop && k->flying < FLYING_MAX && relay_has_room(k->relay);
}

/* Begin messages as long as there is room, then take what is finished. */
static void converse(struct walk *k)
{
    const unsigned long most = k->w->account->messages_per_connection;
    bool full = false;

    for (;;) {
        while (!full && may_begin(k)) {
            struct slot *s = next_slot(k);
            if (!s)
                break;
            full = relay_count(k->relay) + 1 >= most;
            s->delivery.last = full || !has_more(k);
            begin(k, s);
        }
        struct delivery *d = relay_take(k->relay, true);
        if (!d)
            return;
        k->flying--;
        settle(k, slot_of(d));
    }
}

/* Messages whose age has to be counted though they wait for the account: it may have run out. */
static void recount(struct walk *k, const struct outcome *why)
{
    const struct worker *w = k->w;
    time_t now = clock_wall();

    for (size_t i = 0; i < w->count && !k->stuck; i++) {
        const struct job *job = &w->jobs[i];
        unsigned long age = schedule_age((unsigned long)job->age, job->last, now);
        if (now - job->last < RECOUNT && !schedule_is_over(age, w->account->queue_lifetime))
            continue;
        struct slot *s = take(k, job);
        if (!s)
            continue;
        envelope_decide(s->delivery.envelope, why);
        write_back(k, s, true);
    }
}

static void settle_down(struct walk *k, struct slot *s, const struct outcome *why)
{
    snprintf(s->delivery.server, sizeof s->delivery.server, "%s",
             k->relay ? relay_server(k->relay) : "");
    envelope_decide(s->delivery.envelope, why);
    write_back(k, s, true);
}

/* No conversation: the next message tells why for all of them. */
static void give_up(struct walk *k, const struct outcome *why)
{
    struct slot *s = k->ahead;

    k->ahead = NULL;
    if (s)
        settle_down(k, s, why);
    while ((s = k->again)) {
        k->again = s->next;
        settle_down(k, s, why);
    }
    recount(k, why);
}

static enum worker_end finish(struct walk *k)
{
    slot_free(k->ahead);
    for (struct slot *s = k->again; s;) {
        struct slot *next = s->next;
        slot_free(s);
        s = next;
    }
    relay_free(k->relay);
    return k->stuck ? WORKER_STUCK : k->tried ? WORKER_DONE : WORKER_IDLE;
}

enum worker_end worker_run(const struct worker *w)
{
    struct walk k = {.w = w, .relay = relay_new(w->account, w->hello, w->transcript)};
    struct outcome why = {0};

    k.ahead = walk_on(&k);
    while (!k.stop && (k.ahead || k.again)) {
        if (!relay_open(k.relay, &why)) {
            give_up(&k, &why);
            break;
        }
        /* What was passed over because it waits for the account has its turn now. */
        if (!k.opened)
            k.walked = 0;
        k.opened = true;
        converse(&k);
        relay_close(k.relay);
    }
    outcome_clear(&why);
    spool_settle(w->keeper->spool);
    return finish(&k);
}

enum worker_end worker_refuse(const struct worker *w, const struct err *e)
{
    struct walk k = {.w = w};
    struct outcome why;

    outcome_from_err(&why, e, NULL);
    k.ahead = walk_on(&k);
    give_up(&k, &why);
    outcome_clear(&why);
    return finish(&k);
}
