/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/pipeline.h"

#include "base/limits.h"

/* Any server has room for so many recipients (RFC 5321 4.5.3.1.8); with more, QUIT waits until it
 * is known that no second transaction is needed. */
#define RECIPIENTS_ALWAYS 100

/* Queued commands wait for others until there are so many octets: a full TLS record. */
#define FLIGHT_FULL ((size_t)16 * 1024)

void pipeline_init(struct pipeline *p, struct session *s)
{
    *p = (struct pipeline){.session = s};
    p->end = &p->first;
    p->finished_end = &p->finished;
}

static bool is_pipelined(const struct pipeline *p)
{
    return capabilities_has(&p->session->capabilities, CAPABILITY_PIPELINING);
}

bool pipeline_is_usable(const struct pipeline *p)
{
    unsigned long most = p->session->capabilities.limits.mail_max;

    return p->session->is_open && !p->quit_said && !p->deaf && (!most || p->begun < most);
}

bool pipeline_has_room(const struct pipeline *p)
{
    return pipeline_is_usable(p) && p->count < LIMIT_FLIGHT_TRANSACTIONS &&
           p->octets < LIMIT_FLIGHT_OCTETS;
}

static void finish(struct pipeline *p, struct transaction *t)
{
    p->has_verdicts = p->has_verdicts || t->has_verdicts;
    transaction_end(t);
    t->next = NULL;
    *p->finished_end = t;
    p->finished_end = &t->next;
}

/* The first one leaves the line. */
static struct transaction *unhang(struct pipeline *p)
{
    struct transaction *t = p->first;

    p->first = t->next;
    if (!p->first)
        p->end = &p->first;
    if (p->saying == t)
        p->saying = t->next;
    p->count--;
    p->octets -= message_size(t->message);
    return t;
}

static void hang_in(struct pipeline *p, struct transaction *t)
{
    t->next = NULL;
    *p->end = t;
    p->end = &t->next;
    if (!p->saying)
        p->saying = t;
    p->count++;
    p->octets += message_size(t->message);
}

static void add(struct pipeline *p, struct transaction *t)
{
    struct outcome why = {0};
    struct err e;

    if (!transaction_begin(t, p->session, &e)) {
        outcome_from_err(&why, &e, NULL);
        envelope_decide(t->envelope, &why);
        outcome_clear(&why);
        t->has_verdicts = true;
    }
    if (!t->steps) {
        finish(p, t);
        return;
    }
    p->begun++;
    hang_in(p, t);
}

/* What the session's end means for a transaction under way. */
static void settle(struct pipeline *p, struct transaction *t, struct outcome *why)
{
    enum verb verb = transaction_awaits(t);
    bool hardly_begun = verb == VERB_RSET || verb == VERB_MAIL;
    bool is_first = t == p->first;

    if (p->session->chunking_failed)
        return;
    if (t->is_exposed && !why->by_server)
        why->verdict = VERDICT_IN_DOUBT;
    else if (!is_first || (p->has_verdicts && hardly_begun))
        return;
    for (size_t i = 0; i < t->count; i++) {
        struct member *m = &t->members[i];
        if (m->recipient->outcome.verdict != VERDICT_NONE || m->state == MEMBER_LEFT)
            continue;
        outcome_clear(&m->recipient->outcome);
        outcome_copy(&m->recipient->outcome, why);
        t->has_verdicts = true;
    }
}

static void end_all(struct pipeline *p, const struct outcome *why)
{
    session_abort(p->session);
    while (p->first) {
        struct outcome own;
        outcome_copy(&own, why);
        settle(p, p->first, &own);
        outcome_clear(&own);
        finish(p, unhang(p));
    }
}

static void say_quit(struct pipeline *p)
{
    struct buf line;

    buf_init(&line, LIMIT_COMMAND);
    command_simple(&line, VERB_QUIT);
    session_say(p->session, &line);
    buf_clear(&line);
    p->quit_said = true;
}

/* May QUIT leave behind the end of this transaction's message, before its verdict? */
static bool ends_with_quit(const struct pipeline *p, const struct transaction *t)
{
    return t->last && !t->next && t->is_exposed && is_pipelined(p) &&
           t->count == t->envelope->count && t->count <= RECIPIENTS_ALWAYS;
}

/* As much as may be said now. */
static bool say(struct pipeline *p, struct err *e)
{
    while (p->saying && !p->deaf) {
        struct transaction *t = p->saying;
        if (t != p->first && !is_pipelined(p))
            return true;
        if (t->said == 0 && p->holds_rest)
            transaction_reset_first(t);
        /* A window is filled again when it has half run empty: not one write for each answer. */
        if (t->said - t->heard <= LIMIT_FLIGHT_COMMANDS / 2)
            while (transaction_may_say(t, p->session))
                if (!transaction_say(t, p->session, e))
                    return false;
        if (!transaction_is_said(t))
            return true;
        p->deaf = t->is_cut_short;
        if (ends_with_quit(p, t))
            say_quit(p);
        /* Behind a dot the server has forgotten all (RFC 5321 4.1.1.4); a chunk may be refused. */
        p->holds_rest = t->chunked || !t->data_open;
        p->saying = t->next;
    }
    return true;
}

/* Writing failed: the server may have said why before it closed, and that is worth more. */
static bool listens_on(struct pipeline *p, const struct err *e)
{
    p->deaf = true;
    return e->kind == ERR_CONNECT && stream_has_input(&p->session->stream);
}

static bool flush(struct pipeline *p, struct outcome *why)
{
    struct session *s = p->session;

    return !stream_pending(&s->stream) || p->deaf ||
           session_send(s, transaction_awaits(p->first), true, why);
}

/* Say what may be said now, and write it, or leave it for the next write if it is little. Where no
 * answer is due, there is none to be heard before. */
static bool speak(struct pipeline *p, bool at_once, struct outcome *why)
{
    struct session *s = p->session;
    struct err e;

    if (!p->answers_due && !session_send(s, transaction_awaits(p->first), false, why))
        return false;
    p->answers_due = true;
    if (!say(p, &e) && !listens_on(p, &e)) {
        outcome_from_err(why, &e, verbs[VERB_BODY].name);
        return false;
    }
    return (!at_once && stream_pending(&s->stream) < FLIGHT_FULL) || flush(p, why);
}

/* The next answer. */
static bool hear(struct pipeline *p, struct outcome *why)
{
    struct transaction *t = p->first;

    if (!transaction_is_over(t)) {
        bool ok = transaction_hear(t, p->session, why);
        p->has_verdicts = p->has_verdicts || (ok && t->has_verdicts);
        if (!ok)
            return false;
    }
    p->answers_due = t->heard < t->said || (t->next && t->next->said > 0);
    return true;
}

/* It is over: the next transaction for those that the server left, else that is that. */
static void conclude(struct pipeline *p)
{
    struct transaction *t = unhang(p);

    if (!p->first || p->first->said == 0)
        p->holds_rest = !t->is_complete;
    if (t->is_cut_short || (p->quit_said && !p->first))
        session_abort(p->session);
    if (pipeline_is_usable(p) && !envelope_is_decided(t->envelope)) {
        bool had_verdicts = t->has_verdicts;
        transaction_end(t);
        p->has_verdicts = p->has_verdicts || had_verdicts;
        add(p, t);
    } else {
        finish(p, t);
    }
}

/* One turn: say what may be said, hear one answer. */
static void turn(struct pipeline *p)
{
    struct outcome why = {0};
    bool ok = speak(p, true, &why) && hear(p, &why);

    while (ok && p->first && transaction_is_over(p->first))
        conclude(p);
    if (!ok || !p->session->is_open)
        end_all(p, &why);
    outcome_clear(&why);
}

void pipeline_add(struct pipeline *p, struct transaction *t)
{
    struct outcome why = {0};
    bool is_idle = !p->first;

    add(p, t);
    if (p->first && !speak(p, is_idle, &why))
        end_all(p, &why);
    outcome_clear(&why);
}

/* Without waiting: send what is ready, hear what is here. */
static void look(struct pipeline *p)
{
    struct outcome why = {0};

    if (p->first && !flush(p, &why))
        end_all(p, &why);
    outcome_clear(&why);
    while (p->first && !p->finished && stream_has_input(&p->session->stream))
        turn(p);
}

/* The first of the finished. */
static struct transaction *take_finished(struct pipeline *p)
{
    struct transaction *t = p->finished;

    if (!t)
        return NULL;
    p->finished = t->next;
    if (!p->finished)
        p->finished_end = &p->finished;
    t->next = NULL;
    return t;
}

struct transaction *pipeline_abandon(struct pipeline *p)
{
    if (!p->finished && p->first)
        finish(p, unhang(p));
    return take_finished(p);
}

struct transaction *pipeline_take(struct pipeline *p, bool wait)
{
    if (!p->finished)
        look(p);
    while (wait && !p->finished && p->first)
        turn(p);
    return take_finished(p);
}
