/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/transaction.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "mail/wire.h"
#include "smtp/needs.h"

/* --- which recipients */

/* RFC 9422 4.3: may one more recipient of this domain be named in the session? */
static bool domain_has_room(struct session *s, const struct path *path)
{
    unsigned long most = s->capabilities.limits.rcpt_domain_max;
    struct slice domain = path_domain(path);

    if (!most || most > LIMIT_DOMAINS)
        return true;
    for (size_t i = s->domains.count; i > 0; i--)
        if (slice_eq_nocase(slice_of(s->domains.items[i - 1]), domain))
            return true;
    if (s->domains.count >= most)
        return false;
    strings_add(&s->domains, domain);
    return true;
}

static void choose_members(struct transaction *t, struct session *s)
{
    unsigned long limit = s->capabilities.limits.rcpt_max;
    struct envelope *v = t->envelope;

    t->members = mem_resize(NULL, v->count ? v->count : 1, sizeof *t->members);
    for (size_t i = 0; i < v->count && (!limit || t->count < limit); i++) {
        struct recipient *r = &v->recipients[i];
        if (r->outcome.verdict == VERDICT_NONE && domain_has_room(s, &r->path))
            t->members[t->count++] = (struct member){.recipient = r};
    }
}

static size_t chunk_count(const struct transaction *t)
{
    return (size_t)((message_size(t->message) + LIMIT_CHUNK - 1) / LIMIT_CHUNK);
}

/* The step behind the recipients. */
static size_t first_of_data(const struct transaction *t)
{
    return (size_t)t->resets + 1 + t->count;
}

bool transaction_begin(struct transaction *t, struct session *s, struct err *e)
{
    bool chunked = capabilities_has(&s->capabilities, CAPABILITY_CHUNKING) && !s->params->lmtp &&
                   !s->params->without_chunking;

    *t = (struct transaction){.envelope = t->envelope, .message = t->message, .last = t->last,
                              .owner = t->owner, .watch = t->watch, .chunked = chunked};
    buf_init(&t->line, LIMIT_COMMAND);
    if (!needs_of_mail(s, t->envelope, t->message, &t->mail, e))
        return false;
    choose_members(t, s);
    if (t->count)
        t->steps = first_of_data(t) + (chunked ? chunk_count(t) : 2);
    t->body_step = t->steps - 1;
    return true;
}

void transaction_reset_first(struct transaction *t)
{
    t->resets = true;
    t->steps++;
    t->body_step++;
}

void transaction_end(struct transaction *t)
{
    free(t->members);
    t->members = NULL;
    t->count = 0;
    outcome_clear(&t->too_many);
    buf_clear(&t->line);
    message_reader_clear(&t->reader);
}

/* --- which step is what */

static enum verb verb_of(const struct transaction *t, size_t step)
{
    if (step < first_of_data(t))
        return step > t->resets ? VERB_RCPT : step == t->resets ? VERB_MAIL : VERB_RSET;
    if (step >= t->body_step)
        return VERB_BODY;
    return t->chunked ? VERB_BDAT : VERB_DATA;
}

static struct member *member_of(const struct transaction *t, size_t step)
{
    return &t->members[step - t->resets - 1];
}

enum verb transaction_awaits(const struct transaction *t)
{
    return verb_of(t, t->heard);
}

bool transaction_is_said(const struct transaction *t)
{
    return t->said == t->steps;
}

bool transaction_is_over(const struct transaction *t)
{
    return t->heard == t->steps;
}

/* Nothing more of it is said. */
static void cut(struct transaction *t)
{
    t->steps = t->said;
}

/* Nor is anything when nobody is left to get the message, but that a DATA under way may still be
 * answered by 354. */
static void cut_for_nobody(struct transaction *t)
{
    if (t->chunked || t->said <= first_of_data(t))
        cut(t);
}

/* --- saying */

static uint64_t next_chunk(const struct transaction *t)
{
    uint64_t left = message_size(t->message) - t->sent;

    return left < LIMIT_CHUNK ? left : LIMIT_CHUNK;
}

bool transaction_may_say(const struct transaction *t, const struct session *s)
{
    size_t waiting = t->said - t->heard;
    uint64_t octets = t->sent - t->acknowledged;

    if (transaction_is_said(t) ||
        (waiting && !capabilities_has(&s->capabilities, CAPABILITY_PIPELINING)))
        return false;
    if (t->said < first_of_data(t))
        return waiting < LIMIT_FLIGHT_COMMANDS;
    if (t->chunked)
        return octets == 0 || octets + next_chunk(t) <= LIMIT_FLIGHT_OCTETS;
    return verb_of(t, t->said) == VERB_DATA || (waiting == 0 && t->data_open);
}

static void say_line(struct transaction *t, struct session *s, enum verb verb)
{
    buf_reset(&t->line);
    if (verb == VERB_MAIL) {
        command_mail(&t->line, &t->envelope->reverse_path, &t->mail);
    } else if (verb == VERB_RCPT) {
        const struct recipient *r = member_of(t, t->said)->recipient;
        struct rcpt_params params = needs_of_recipient(s, t->envelope, r);
        command_rcpt(&t->line, &r->path, &params);
    } else {
        command_simple(&t->line, verb);
    }
    session_say(s, &t->line);
}

/* A message that is not large leaves in one write with the commands before it, and so do the small
 * pieces of one that is; the others are written as they are. */
static bool send_piece(struct session *s, struct slice piece, bool is_large, struct err *e)
{
    if (is_large && piece.len >= LIMIT_BLOCK / 2)
        return stream_write(&s->stream, piece, session_idle(s), e);
    if (stream_queued(&s->stream) + piece.len > LIMIT_BLOCK &&
        !stream_write(&s->stream, SLICE(""), session_idle(s), e))
        return false;
    stream_put(&s->stream, piece);
    return true;
}

static void tell(const struct transaction *t, uint64_t sent)
{
    if (t->watch)
        t->watch->show(t->watch->argument, sent);
}

/* RFC 3030 2: the octets as they are, right behind the command. */
static bool say_chunk(struct transaction *t, struct session *s, bool is_last, struct err *e)
{
    uint64_t left = next_chunk(t);
    bool is_large = left > LIMIT_BLOCK;

    buf_reset(&t->line);
    command_bdat(&t->line, left, is_last);
    session_say(s, &t->line);
    transcript_note(s->params->transcript, "C: <message, %" PRIu64 " octets>", left);
    while (left) {
        struct slice piece;
        if (!message_next(t->message, &t->reader, (size_t)left, &piece, e))
            return false;
        if (!piece.len)
            return err_set(e, ERR_IO, "the message became shorter while it was sent");
        left -= piece.len;
        t->sent += piece.len;
        t->is_exposed = is_last && left == 0;
        if (!send_piece(s, piece, is_large, e))
            return false;
        tell(t, t->sent);
    }
    return true;
}

/* The message goes out in pieces, each written before the next is made. Nothing is asked meanwhile:
 * an answer that is here before the end was sent is the server's last word on the message. */
static bool say_message(struct transaction *t, struct session *s, struct err *e)
{
    struct wire_out dots;
    struct slice piece;
    uint64_t sent = 0;

    t->is_cut_short = stream_has_input(&s->stream);
    if (t->is_cut_short)
        return true;
    wire_out_init(&dots);
    transcript_note(s->params->transcript, "C: <message of %" PRIu64 " octets>",
                    message_size(t->message));
    do {
        if (!message_next(t->message, &t->reader, LIMIT_BLOCK, &piece, e))
            return false;
        wire_out_put(&dots, piece, &s->stream.out);
        if (stream_queued(&s->stream) >= LIMIT_BLOCK &&
            !stream_write(&s->stream, SLICE(""), session_idle(s), e))
            return false;
        sent += piece.len;
        tell(t, sent);
    } while (piece.len);
    t->is_cut_short = stream_has_input(&s->stream);
    if (t->is_cut_short)
        return true;
    wire_out_end(&dots, &s->stream.out);
    transcript_line(s->params->transcript, SPEAKER_CLIENT, SLICE("."));
    t->is_exposed = true;
    return true;
}

/* 354 although no recipient was taken: the transaction can only be ended by an empty message, which
 * is for nobody whatever the server says to it (RFC 2920 3.1). */
static void say_nothing(struct session *s)
{
    stream_put(&s->stream, SLICE(".\r\n"));
    transcript_line(s->params->transcript, SPEAKER_CLIENT, SLICE("."));
}

static bool say_data(struct transaction *t, struct session *s, struct err *e)
{
    /* RFC 2033 4.2: LMTP has one answer for each recipient, and so none for nobody; a server that
     * gives 354 here will not be heard any more. */
    if (s->params->lmtp) {
        t->steps = t->body_step + t->accepted;
    }
    t->said = t->steps;
    if (t->accepted)
        return say_message(t, s, e);
    if (s->params->lmtp)
        session_abort(s);
    else
        say_nothing(s);
    return true;
}

bool transaction_say(struct transaction *t, struct session *s, struct err *e)
{
    enum verb verb = verb_of(t, t->said);
    bool ok;

    if (t->said < first_of_data(t) || verb == VERB_DATA) {
        say_line(t, s, verb);
        t->said++;
        return true;
    }
    if (t->chunked) {
        ok = say_chunk(t, s, verb == VERB_BODY, e);
        t->said++;
    } else {
        ok = say_data(t, s, e);
    }
    return ok || err_wrap(e, "sending the message");
}

/* --- hearing */

static void decide_member(struct transaction *t, struct member *m, const struct outcome *o)
{
    outcome_clear(&m->recipient->outcome);
    outcome_copy(&m->recipient->outcome, o);
    m->state = MEMBER_DECIDED;
    t->has_verdicts = true;
}

static void decide_accepted(struct transaction *t, const struct outcome *o)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->members[i].state == MEMBER_ACCEPTED)
            decide_member(t, &t->members[i], o);
}

static void judge_mail(struct transaction *t, struct session *s)
{
    struct outcome o = {0};

    if (reply_is_success(&s->reply))
        return;
    session_judge(s, VERB_MAIL, &o);
    envelope_decide(t->envelope, &o);
    outcome_clear(&o);
    t->sender_refused = true;
    t->has_verdicts = true;
    cut_for_nobody(t);
}

/* RFC 5321 4.5.3.1.10: the rest is for the next transaction. 552 means the same from servers that
 * learned their codes from RFC 821; without 5.5.3 it is more often a full mailbox. */
static bool is_too_many(const struct reply *r)
{
    bool said_so = r->status.subject == 5 && r->status.detail == 3;

    return (r->code == 452 && (said_so || r->status.klass == 0)) || (r->code == 552 && said_so);
}

static void judge_rcpt(struct transaction *t, struct session *s, struct member *m)
{
    struct outcome o = {0};

    if (t->sender_refused)
        return;
    if (reply_is_success(&s->reply)) {
        m->state = MEMBER_ACCEPTED;
        t->accepted++;
        return;
    }
    session_judge(s, VERB_RCPT, &o);
    if (is_too_many(&s->reply)) {
        m->state = MEMBER_LEFT;
        outcome_clear(&t->too_many);
        t->too_many = o;
        t->too_many.verdict = VERDICT_DEFERRED;
        return;
    }
    decide_member(t, m, &o);
    outcome_clear(&o);
}

/* The recipients are answered for. Where the server had too many before the first, there is no next
 * transaction to hope for; and without any the message is for nobody. */
static void judge_recipients(struct transaction *t)
{
    if (t->accepted)
        return;
    for (size_t i = 0; i < t->count; i++)
        if (t->members[i].state == MEMBER_LEFT)
            decide_member(t, &t->members[i], &t->too_many);
    cut_for_nobody(t);
}

static void judge_data(struct transaction *t, struct session *s)
{
    struct outcome o = {0};

    if (s->reply.code == 354) {
        t->data_open = true;
        return;
    }
    session_judge(s, VERB_DATA, &o);
    if (o.verdict == VERDICT_DELIVERED) {
        o.verdict = VERDICT_REFUSED;
        o.kind = ERR_PROTOCOL;
    }
    decide_accepted(t, &o);
    outcome_clear(&o);
    cut(t);
}

static void judge_chunk(struct transaction *t, struct session *s)
{
    struct outcome o = {0};

    t->acknowledged += LIMIT_CHUNK;
    if (reply_is_success(&s->reply))
        return;
    session_judge(s, VERB_BDAT, &o);
    decide_accepted(t, &o);
    outcome_clear(&o);
    cut(t);
}

/* A server that offers BDAT and does not know it has taken the message for commands: nothing it
 * says after that is about what we said. */
static bool chunking_failed(struct transaction *t, struct session *s, struct outcome *why)
{
    if (!t->chunked || (s->reply.code != 500 && s->reply.code != 502))
        return false;
    session_judge(s, VERB_BDAT, why);
    s->chunking_failed = true;
    session_abort(s);
    return true;
}

/* A message cannot be confirmed before its end was sent. */
static bool confirmed_too_early(struct transaction *t, struct session *s, struct outcome *why)
{
    struct err e;

    if (t->is_exposed || !t->accepted || !reply_is_success(&s->reply))
        return false;
    err_set(&e, ERR_PROTOCOL, "the server confirmed the message before its end was sent: %u",
            s->reply.code);
    session_fail(s, VERB_BODY, &e, why);
    return true;
}

/* The next accepted member without a verdict. */
static struct member *next_accepted(struct transaction *t)
{
    size_t i = 0;

    while (t->members[i].state != MEMBER_ACCEPTED)
        i++;
    return &t->members[i];
}

static bool judge_body(struct transaction *t, struct session *s, struct outcome *why)
{
    struct outcome o = {0};

    if (confirmed_too_early(t, s, why))
        return false;
    t->is_complete = reply_is_success(&s->reply) || !t->chunked;
    if (!t->accepted)
        return true;
    session_judge(s, s->params->lmtp ? VERB_RCPT : VERB_BODY, &o);
    if (s->params->lmtp && !t->is_cut_short)
        decide_member(t, next_accepted(t), &o);
    else
        decide_accepted(t, &o);
    outcome_clear(&o);
    if (t->is_cut_short)
        t->steps = t->said = t->heard;
    return true;
}

/* What the server holds of an earlier transaction would go into this one. */
static bool reset_failed(struct session *s, struct outcome *why)
{
    session_judge(s, VERB_RSET, why);
    session_abort(s);
    return false;
}

static bool judge(struct transaction *t, struct session *s, size_t step, struct outcome *why)
{
    enum verb verb = verb_of(t, step);

    if ((verb == VERB_BDAT || verb == VERB_BODY) && chunking_failed(t, s, why))
        return false;
    if (verb == VERB_RSET && !reply_is_success(&s->reply))
        return reset_failed(s, why);
    if (verb == VERB_MAIL)
        judge_mail(t, s);
    else if (verb == VERB_RCPT)
        judge_rcpt(t, s, member_of(t, step));
    else if (verb == VERB_DATA)
        judge_data(t, s);
    else if (verb == VERB_BDAT)
        judge_chunk(t, s);
    else if (verb == VERB_BODY)
        return judge_body(t, s, why);
    if (step + 1 == first_of_data(t))
        judge_recipients(t);
    return true;
}

bool transaction_hear(struct transaction *t, struct session *s, struct outcome *why)
{
    if (!session_hear(s, transaction_awaits(t), why))
        return false;
    return judge(t, s, t->heard++, why);
}
