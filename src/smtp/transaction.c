/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/transaction.h"

#include <inttypes.h>

#include "base/limits.h"
#include "mail/wire.h"
#include "smtp/command.h"

/* The commands are steps 0 (MAIL), 1 to n (RCPT) and n + 1 (DATA), sent and answered in order.
 * Those between `heard` and `said` are on their way: at most one without PIPELINING. */
struct window {
    struct session *session;
    const struct transaction *transaction;
    struct mail_params mail;
    size_t said, heard, steps;
    size_t accepted;         /* recipients that the server takes */
    bool stopped;            /* the sender was refused: nothing more to say */
    bool data_open;          /* 354 */
};

static enum verb verb_of(const struct window *w, size_t step)
{
    return step == 0 ? VERB_MAIL : step < w->steps - 1 ? VERB_RCPT : VERB_DATA;
}

static struct recipient *recipient_of(const struct window *w, size_t step)
{
    return &w->transaction->envelope->recipients[step - 1];
}

static bool is_pipelined(const struct window *w)
{
    return capabilities_has(&w->session->capabilities, CAPABILITY_PIPELINING);
}

/* What the server must be able to do for this message, found out before it is bothered. */
static bool check_needs(struct window *w, struct err *e)
{
    const struct capabilities *c = &w->session->capabilities;
    const struct message *m = w->transaction->message;
    struct envelope *v = w->transaction->envelope;
    uint64_t size = message_size(m);

    if (c->size && size > c->size)
        return err_set(e, ERR_REFUSED,
                       "the message has %" PRIu64 " octets, the server takes at most %" PRIu64,
                       size, c->size);
    bool utf8_address = envelope_has_utf8_local(v) || envelope_has_utf8_domain(v);
    bool smtputf8 = capabilities_has(c, CAPABILITY_SMTPUTF8);
    if (!smtputf8 && envelope_has_utf8_local(v))
        return err_set(e, ERR_REFUSED,
                       "an address is not ASCII and the server does not offer SMTPUTF8");
    if (!smtputf8 && !envelope_domains_to_ascii(v, e))
        return false;
    w->mail = (struct mail_params){
        .has_size = capabilities_has(c, CAPABILITY_SIZE),
        .size = size,
        .body_8bitmime = m->has_8bit && capabilities_has(c, CAPABILITY_8BITMIME),
        .smtputf8 = smtputf8 && (utf8_address || m->has_8bit_header),
    };
    return true;
}

static void say_step(struct window *w, size_t step)
{
    enum verb verb = verb_of(w, step);
    struct buf line;

    buf_init(&line, LIMIT_COMMAND);
    if (verb == VERB_MAIL)
        command_mail(&line, &w->transaction->envelope->reverse_path, &w->mail);
    else if (verb == VERB_RCPT)
        command_rcpt(&line, &recipient_of(w, step)->path);
    else
        command_simple(&line, verb);
    session_say(w->session, &line);
    buf_clear(&line);
}

/* Is there reason to say the next step now? */
static bool may_say(const struct window *w)
{
    if (w->stopped || w->said == w->steps)
        return false;
    if (w->said - w->heard >= (is_pipelined(w) ? (size_t)LIMIT_FLIGHT_COMMANDS : 1))
        return false;
    /* DATA rides in the flight of the recipients; behind their answers it needs a reason. */
    return verb_of(w, w->said) != VERB_DATA || w->heard < w->said || w->accepted > 0;
}

static void judge_mail(struct window *w)
{
    struct outcome o = {0};

    if (reply_is_success(&w->session->reply))
        return;
    session_judge(w->session, VERB_MAIL, &o);
    envelope_decide(w->transaction->envelope, &o);
    outcome_clear(&o);
    w->stopped = true;
}

static void judge_rcpt(struct window *w, struct recipient *r)
{
    if (w->stopped || r->outcome.verdict != VERDICT_NONE)
        return;
    if (reply_is_success(&w->session->reply))
        w->accepted++;
    else
        session_judge(w->session, VERB_RCPT, &r->outcome);
}

/* The accepted recipients share the fate of the message. */
static void judge_data(struct window *w, enum verb verb)
{
    struct outcome o = {0};

    session_judge(w->session, verb, &o);
    if (verb == VERB_DATA && o.verdict == VERDICT_DELIVERED) {
        o.verdict = VERDICT_REFUSED;
        o.kind = ERR_PROTOCOL;
    }
    envelope_decide(w->transaction->envelope, &o);
    outcome_clear(&o);
}

static void judge_step(struct window *w, size_t step)
{
    enum verb verb = verb_of(w, step);

    if (verb == VERB_MAIL)
        judge_mail(w);
    else if (verb == VERB_RCPT)
        judge_rcpt(w, recipient_of(w, step));
    else if (w->session->reply.code == 354)
        w->data_open = true;
    else
        judge_data(w, VERB_DATA);
}

/* MAIL, RCPT and DATA up to their last answer. */
static bool run_commands(struct window *w, struct outcome *why)
{
    for (;;) {
        bool answers_due = w->heard < w->said;
        /* A window is refilled when it has half run empty: not one write for each answer. */
        if (w->said - w->heard <= LIMIT_FLIGHT_COMMANDS / 2)
            for (; may_say(w); w->said++)
                say_step(w, w->said);
        if (w->heard == w->said)
            return true;
        enum verb verb = verb_of(w, w->heard);
        if ((stream_pending(&w->session->stream) &&
             !session_send(w->session, verb, answers_due, why)) ||
            !session_hear(w->session, verb, why))
            return false;
        judge_step(w, w->heard++);
    }
}

/* The message goes out in pieces, each written before the next is made. */
static bool send_piece(struct window *w, struct wire_out *dots, struct slice piece, struct err *e)
{
    struct stream *stream = &w->session->stream;

    while (piece.len) {
        size_t len = piece.len < LIMIT_BLOCK ? piece.len : LIMIT_BLOCK;
        struct slice part = slice_make(piece.data, len);
        wire_out_put(dots, part, &stream->out);
        if (stream_pending(stream) >= LIMIT_BLOCK &&
            !stream_flush(stream, session_idle(w->session), e))
            return false;
        piece = slice_from(piece, part.len);
    }
    return true;
}

static bool send_header(struct window *w, struct wire_out *dots, struct err *e)
{
    const struct header *h = &w->transaction->message->header;

    for (size_t i = 0; i < h->count; i++)
        if (!h->fields[i].removed && !send_piece(w, dots, header_raw(h, i), e))
            return false;
    return send_piece(w, dots, SLICE("\r\n"), e);
}

static bool send_body(struct window *w, struct wire_out *dots, struct err *e)
{
    char block[LIMIT_BLOCK];
    uint64_t offset = 0;
    struct slice piece;

    do {
        if (!spill_read(&w->transaction->message->body, &offset, block, &piece, e) ||
            !send_piece(w, dots, piece, e))
            return false;
    } while (piece.len);
    return true;
}

static void say_quit(struct window *w)
{
    struct buf line;

    buf_init(&line, LIMIT_COMMAND);
    command_simple(&line, VERB_QUIT);
    session_say(w->session, &line);
    buf_clear(&line);
}

/* Nothing but the message may be under way now: an answer that is here already was made before
 * there was anything to answer. */
static bool answered_too_early(struct window *w, struct outcome *why)
{
    struct err e;

    if (!stream_has_input(&w->session->stream))
        return false;
    if (!session_hear(w->session, VERB_BODY, why))
        return true;
    if (reply_is_success(&w->session->reply)) {
        err_set(&e, ERR_PROTOCOL, "the server confirmed the message before its end was sent: %u",
                w->session->reply.code);
        session_fail(w->session, VERB_BODY, &e, why);
    } else {
        session_judge(w->session, VERB_BODY, why);
        session_abort(w->session);
    }
    return true;
}

/* RFC 2033 4.2: LMTP answers the final dot once for each recipient that was taken, in their order. */
static bool hear_each_verdict(struct window *w, struct outcome *why)
{
    struct envelope *v = w->transaction->envelope;

    for (size_t i = 0; i < v->count; i++) {
        if (v->recipients[i].outcome.verdict != VERDICT_NONE)
            continue;
        if (!session_hear(w->session, VERB_BODY, why))
            return false;
        session_judge(w->session, VERB_RCPT, &v->recipients[i].outcome);
    }
    return true;
}

static bool hear_verdict(struct window *w, struct outcome *why)
{
    if (w->session->params->lmtp)
        return hear_each_verdict(w, why);
    if (!session_hear(w->session, VERB_BODY, why))
        return false;
    judge_data(w, VERB_BODY);
    return true;
}

/* From here on the server may have the whole message. */
static bool end_data(struct window *w, struct wire_out *dots, struct outcome *why)
{
    struct stream *stream = &w->session->stream;
    bool quit = w->transaction->last && is_pipelined(w);
    struct err e;

    wire_out_end(dots, &stream->out);
    transcript_line(w->session->params->transcript, SPEAKER_CLIENT, SLICE("."));
    if (quit)
        say_quit(w);
    bool written = stream_flush(stream, session_idle(w->session), &e);
    if (!written && !stream_has_input(stream)) {
        err_wrap(&e, "%s", verbs[VERB_BODY].name);
        session_fail(w->session, VERB_BODY, &e, why);
        why->verdict = VERDICT_IN_DOUBT;
        return false;
    }
    if (hear_verdict(w, why)) {
        /* Behind QUIT nothing more is said, and nobody waits for its answer. */
        w->session->is_open = w->session->is_open && !quit;
        return true;
    }
    if (!why->by_server)
        why->verdict = VERDICT_IN_DOUBT;
    return false;
}

static bool send_message(struct window *w, struct outcome *why)
{
    struct wire_out dots;
    struct err e;

    wire_out_init(&dots);
    transcript_note(w->session->params->transcript, "C: <message of %" PRIu64 " octets>",
                    message_size(w->transaction->message));
    if (answered_too_early(w, why))
        return false;
    if (!send_header(w, &dots, &e) || !send_body(w, &dots, &e)) {
        err_wrap(&e, "sending the message");
        if (e.kind != ERR_CONNECT || !answered_too_early(w, why))
            session_fail(w->session, VERB_BODY, &e, why);
        return false;
    }
    return !answered_too_early(w, why) && end_data(w, &dots, why);
}

/* 354 although no recipient was taken: the transaction can only be ended by an empty message, which
 * is for nobody whatever the server says to it (RFC 2920 3.1). */
static bool end_for_nobody(struct window *w, struct outcome *why)
{
    struct wire_out dots;

    wire_out_init(&dots);
    wire_out_end(&dots, &w->session->stream.out);
    /* LMTP has no answer for nobody; a server that gives 354 here will not be heard any more. */
    if (w->session->params->lmtp) {
        session_abort(w->session);
        return true;
    }
    return session_ask(w->session, VERB_BODY, why);
}

static bool run(struct window *w, struct outcome *why)
{
    if (!run_commands(w, why))
        return false;
    if (!w->data_open)
        return true;
    return w->accepted && !w->stopped ? send_message(w, why) : end_for_nobody(w, why);
}

/* After a transaction that did not come to its data the server still holds the envelope. */
static void forget(struct window *w, struct outcome *why)
{
    struct buf line;

    if (w->data_open || !w->session->is_open)
        return;
    buf_init(&line, LIMIT_COMMAND);
    command_simple(&line, VERB_RSET);
    session_say(w->session, &line);
    buf_clear(&line);
    if (session_ask(w->session, VERB_RSET, why) && !reply_is_success(&w->session->reply))
        session_abort(w->session);
}

bool transaction_run(struct session *s, const struct transaction *t)
{
    struct window w = {.session = s, .transaction = t, .steps = t->envelope->count + 2};
    struct outcome why = {0};
    struct err e;

    if (!check_needs(&w, &e)) {
        outcome_from_err(&why, &e, NULL);
        envelope_decide(t->envelope, &why);
    } else if (!run(&w, &why)) {
        envelope_decide(t->envelope, &why);
    } else if (!t->last) {
        forget(&w, &why);
    }
    outcome_clear(&why);
    if (t->last)
        session_close(s);
    return s->is_open;
}
