/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/quota.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#define MINUTE ((int64_t)60 * 1000 * 1000 * 1000)

struct quota_user {
    struct quota_id id;
    uint64_t sessions;
    uint64_t waiting, waiting_octets;    /* in the queue */
    uint64_t coming, coming_octets;      /* reserved */
    /* When the next message would be due if they came evenly (the "generic cell rate algorithm"):
     * the further it lies ahead, the more of the minute is used up. */
    int64_t due;
};

void limits_init(struct limits *l)
{
    *l = (struct limits){
        .connections = LIMIT_SERVICE_CONNECTIONS,
        .sessions = LIMIT_SERVICE_SESSIONS,
        .messages = LIMIT_SERVICE_MESSAGES,
        .octets = LIMIT_SERVICE_OCTETS,
        .rate = LIMIT_SERVICE_RATE,
        .size = LIMIT_SERVICE_SIZE,
    };
}

static uint64_t *find_limit(struct limits *l, struct slice name)
{
    const struct {
        const char *name;
        uint64_t *value;
    } rows[] = {
        {"connections", &l->connections}, {"sessions", &l->sessions},
        {"messages", &l->messages},       {"octets", &l->octets},
        {"rate", &l->rate},               {"size", &l->size},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (slice_eq(name, slice_of(rows[i].name)))
            return rows[i].value;
    return NULL;
}

/* "50M". */
static bool parse_amount(struct slice text, uint64_t *value)
{
    static const char units[] = "KMG";
    unsigned long number;
    unsigned shift = 0;

    for (unsigned i = 0; units[i] && text.len; i++)
        if (ascii_upper(text.data[text.len - 1]) == units[i])
            shift = 10 * (i + 1);
    text.len -= shift > 0;
    if (!slice_number(text, 1000000000UL, &number))
        return false;
    *value = (uint64_t)number << shift;
    return true;
}

bool limits_set(struct limits *l, const char *text, struct err *e)
{
    struct slice whole = slice_of(text);
    size_t equals = slice_find(whole, '=', 0);
    uint64_t *value = find_limit(l, slice_make(text, equals));

    if (!value)
        return err_set(e, ERR_USAGE, "--limit %s: write NAME=NUMBER; the names are connections, "
                                     "sessions, messages, octets, rate and size", text);
    if (equals == whole.len || !parse_amount(slice_from(whole, equals + 1), value))
        return err_set(e, ERR_USAGE, "--limit %s: write a number behind =, 0 for no limit, with K, "
                                     "M or G for more", text);
    return true;
}

void quota_init(struct quota *q, const struct limits *limits)
{
    *q = (struct quota){.limits = *limits};
}

void quota_clear(struct quota *q)
{
    free(q->users);
    *q = (struct quota){0};
}

static bool is_same(struct quota_id a, struct quota_id b)
{
    return a.is_known == b.is_known && (!a.is_known || a.uid == b.uid);
}

static bool is_root(struct quota_id who)
{
    return who.is_known && who.uid == 0;
}

/* A place that nobody uses any more; `due` in the past means nothing. */
static bool is_idle(const struct quota_user *p, int64_t now)
{
    return !p->sessions && !p->waiting && !p->coming && p->due <= now;
}

/* The user's place, made if there is none. Valid until the next call. */
static struct quota_user *find_user(struct quota *q, struct quota_id who, int64_t now)
{
    struct quota_user *idle = NULL;

    for (size_t i = 0; i < q->count; i++) {
        struct quota_user *p = &q->users[i];
        if (is_same(p->id, who))
            return p;
        if (!idle && is_idle(p, now))
            idle = p;
    }
    if (!idle) {
        q->users = mem_grow(q->users, q->count, &q->capacity, sizeof *q->users);
        idle = &q->users[q->count++];
    }
    *idle = (struct quota_user){.id = who};
    return idle;
}

/* Is there no room for `more`? */
static bool is_over(uint64_t limit, uint64_t used, uint64_t more)
{
    return limit && (used > limit || more > limit - used);
}

enum quota_verdict quota_enter(struct quota *q, struct quota_id who, int64_t now)
{
    struct quota_user *p = find_user(q, who, now);

    if (!is_root(who)) {
        if (is_over(q->limits.connections, q->connections, 1))
            return QUOTA_CONNECTIONS;
        if (is_over(q->limits.sessions, p->sessions, 1))
            return QUOTA_SESSIONS;
    }
    q->connections++;
    p->sessions++;
    return QUOTA_OK;
}

void quota_leave(struct quota *q, struct quota_id who, struct reservation *b)
{
    struct quota_user *p = find_user(q, who, INT64_MIN);

    quota_cancel(q, who, b);
    p->sessions--;
    q->connections--;
}

/* A message in this instant? If so it is counted. */
static bool is_in_rate(struct quota_user *p, uint64_t rate, int64_t now)
{
    int64_t pace = rate ? MINUTE / (int64_t)rate : 0;
    int64_t due = p->due > now ? p->due : now;

    if (rate && due - now > MINUTE - pace)
        return false;
    p->due = rate ? due + pace : 0;
    return true;
}

enum quota_verdict quota_reserve(struct quota *q, struct quota_id who, struct reservation *b,
                                 uint64_t octets, int64_t now)
{
    const struct limits *limits = &q->limits;
    struct quota_user *p = find_user(q, who, now);
    uint64_t more = octets > b->octets ? octets - b->octets : 0;

    if (!is_root(who)) {
        if (!b->is_open && is_over(limits->messages, p->waiting + p->coming, 1))
            return QUOTA_MESSAGES;
        if (is_over(limits->octets, p->waiting_octets + p->coming_octets, more))
            return QUOTA_OCTETS;
        if (!b->is_open && !is_in_rate(p, limits->rate, now))
            return QUOTA_RATE;
    }
    p->coming += !b->is_open;
    p->coming_octets += more;
    b->is_open = true;
    b->octets += more;
    return QUOTA_OK;
}

void quota_cancel(struct quota *q, struct quota_id who, struct reservation *b)
{
    struct quota_user *p = find_user(q, who, INT64_MIN);

    if (b->is_open) {
        p->coming--;
        p->coming_octets -= b->octets;
    }
    *b = (struct reservation){0};
}

void quota_keep(struct quota *q, struct quota_id who, struct reservation *b, uint64_t octets)
{
    quota_count(q, who, octets);
    quota_cancel(q, who, b);
}

void quota_recount(struct quota *q)
{
    for (size_t i = 0; i < q->count; i++)
        q->users[i].waiting = q->users[i].waiting_octets = 0;
}

void quota_count(struct quota *q, struct quota_id who, uint64_t octets)
{
    struct quota_user *p = find_user(q, who, INT64_MIN);

    p->waiting++;
    p->waiting_octets += octets;
}
