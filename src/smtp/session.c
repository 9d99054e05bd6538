/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/session.h"

#include <stdio.h>

#include "smtp/command.h"
#include "smtp/login.h"

struct deadline session_deadline(const struct session *s, enum verb verb)
{
    int64_t wait = s->params->timeout ? s->params->timeout : (int64_t)verbs[verb].seconds * 1000;

    return deadline_earlier(deadline_in(wait), s->stream.overall);
}

int64_t session_idle(const struct session *s)
{
    /* RFC 5321 4.5.3.2.5: three minutes for a block of data. */
    return s->params->timeout ? s->params->timeout : 180 * 1000;
}

bool session_fail(struct session *s, enum verb verb, const struct err *e, struct outcome *why)
{
    outcome_clear(why);
    outcome_from_err(why, e, verbs[verb].name);
    session_abort(s);
    return false;
}

void session_judge(const struct session *s, enum verb verb, struct outcome *o)
{
    const struct reply *r = &s->reply;

    outcome_clear(o);
    o->verdict = reply_is_success(r)     ? VERDICT_DELIVERED
                 : reply_is_temporary(r) ? VERDICT_DEFERRED
                                         : VERDICT_REFUSED;
    if (r->code / 100 == 3)
        o->kind = ERR_PROTOCOL;
    o->by_server = true;
    o->code = (unsigned short)r->code;
    o->status = r->status;
    o->step = verbs[verb].noun;
    o->text = reply_words(r);
}

bool session_refuse(struct session *s, enum verb verb, enum err_kind kind, struct outcome *why)
{
    session_judge(s, verb, why);
    if (why->verdict == VERDICT_DELIVERED) {
        /* A success code where another was due. */
        why->verdict = VERDICT_REFUSED;
        why->kind = ERR_PROTOCOL;
    } else if (why->verdict == VERDICT_REFUSED && why->kind == ERR_NONE) {
        why->kind = kind;
    }
    session_close(s);
    return false;
}

bool session_hear(struct session *s, enum verb verb, struct outcome *why)
{
    struct err e;

    if (!reply_read(&s->reply, &s->stream, session_deadline(s, verb), s->params->transcript, &e)) {
        err_wrap(&e, "%s", verbs[verb].name);
        return session_fail(s, verb, &e, why);
    }
    if (s->reply.code != 421)
        return true;
    session_judge(s, verb, why);
    session_abort(s);
    return false;
}

/* An answer to what was not asked yet is an attempt to answer for somebody else. A 421 may come at
 * any time and is heard. */
static bool answered_unasked(struct session *s, enum verb verb, struct outcome *why)
{
    struct err e;

    if (!session_hear(s, verb, why))
        return false;
    err_set(&e, ERR_PROTOCOL, "%s: the server answered before it was asked: %u", verbs[verb].name,
            s->reply.code);
    return session_fail(s, verb, &e, why);
}

bool session_send(struct session *s, enum verb verb, bool answers_due, struct outcome *why)
{
    struct err e;

    if (!answers_due && stream_has_input(&s->stream))
        return answered_unasked(s, verb, why);
    if (stream_flush(&s->stream, session_idle(s), &e))
        return true;
    /* The server may have said why it closes the connection: session_hear finds it. */
    if (e.kind == ERR_CONNECT && stream_has_input(&s->stream))
        return true;
    err_wrap(&e, "%s", verbs[verb].name);
    return session_fail(s, verb, &e, why);
}

bool session_ask(struct session *s, enum verb verb, struct outcome *why)
{
    return session_send(s, verb, false, why) && session_hear(s, verb, why);
}

void session_say(struct session *s, const struct buf *line)
{
    struct slice text = buf_slice(line);

    transcript_line(s->params->transcript, SPEAKER_CLIENT, slice_trim(text));
    stream_put(&s->stream, text);
}

static void say_simple(struct session *s, enum verb verb)
{
    struct buf line;

    buf_init(&line, LIMIT_COMMAND);
    command_simple(&line, verb);
    session_say(s, &line);
    buf_clear(&line);
}

/* Always true, so that it ends a step. */
static bool tell(const struct session *s, enum session_event event)
{
    if (s->params->observe)
        s->params->observe(s->params->observer, event, s);
    return true;
}

static bool connect_to_server(struct session *s, struct outcome *why)
{
    const struct session_params *p = s->params;
    struct dial_params wish = {
        .host = p->host,
        .port = p->port,
        .socket = p->socket,
        .source = p->source,
        .proxy = p->proxy,
        .connect_timeout = p->connect_timeout,
        .deadline = deadline_in(p->overall),
    };
    struct dialled line = {.fd = -1};
    struct err e;

    if (!dial(&wish, &line, &e)) {
        outcome_from_err(why, &e, "connect");
        return false;
    }
    s->peer = line.peer;
    stream_init(&s->stream, line.fd, wish.deadline);
    s->is_open = true;
    return tell(s, SESSION_CONNECTED);
}

static bool encrypt(struct session *s, struct outcome *why)
{
    struct err e;

    if (!stream_start_tls(&s->stream, s->params->tls, session_deadline(s, VERB_STARTTLS), &e))
        return session_fail(s, VERB_STARTTLS, &e, why);
    transcript_note(s->params->transcript, "%s %s, %s", s->stream.tls.version, s->stream.tls.cipher,
                    s->stream.tls.verified ? "server verified" : "server NOT verified");
    return tell(s, SESSION_ENCRYPTED);
}

/* RFC 8314 3.3 */
static bool implicit_tls(struct session *s, struct outcome *why)
{
    return s->params->security != SESSION_IMPLICIT || encrypt(s, why);
}

/* RFC 5321 3.1 */
static bool greeting(struct session *s, struct outcome *why)
{
    if (!session_hear(s, VERB_GREETING, why))
        return false;
    return s->reply.code == 220 ? tell(s, SESSION_GREETED)
                                : session_refuse(s, VERB_GREETING, ERR_NONE, why);
}

static bool say_hello(struct session *s, enum verb verb, struct outcome *why)
{
    struct buf name, line;
    struct err e;

    buf_init(&name, LIMIT_DOMAIN);
    buf_init(&line, LIMIT_COMMAND);
    if (s->params->hello)
        buf_put_text(&name, s->params->hello);
    else
        dial_local_literal(s->stream.fd, &name);
    bool ok = command_hello(&line, verb, buf_slice(&name));
    if (ok)
        session_say(s, &line);
    else
        err_set(&e, ERR_CONFIG, "hello: \"%s\" is no host name", name.data ? name.data : "");
    buf_clear(&name);
    buf_clear(&line);
    return ok ? session_ask(s, verb, why) : session_fail(s, verb, &e, why);
}

/* EHLO, and HELO for a server that has never heard of it (RFC 5321 4.1.4). LMTP has LHLO alone
 * (RFC 2033 4.1): a server that refuses it speaks SMTP, and knows of no verdict for each
 * recipient. */
static bool hello(struct session *s, struct outcome *why)
{
    enum verb verb = s->params->lmtp ? VERB_LHLO : VERB_EHLO;

    capabilities_clear(&s->capabilities);
    if (!say_hello(s, verb, why))
        return false;
    /* 250 and no other: a second greeting within TLS must not pass for the answer. */
    if (s->reply.code == 250) {
        capabilities_parse(&s->capabilities, &s->reply);
        return tell(s, SESSION_HELLO_DONE);
    }
    if (!reply_is_permanent(&s->reply) || s->params->lmtp)
        return session_refuse(s, verb, ERR_NONE, why);
    return say_hello(s, VERB_HELO, why) &&
           (reply_is_success(&s->reply) ? tell(s, SESSION_HELLO_DONE)
                                        : session_refuse(s, VERB_HELO, ERR_NONE, why));
}

static bool tls_is_missing(struct session *s, struct outcome *why)
{
    struct err e;

    err_set(&e, ERR_REFUSED,
            "the server does not offer STARTTLS, which the account demands; nothing was sent");
    say_simple(s, VERB_QUIT);
    stream_flush(&s->stream, 1000, &(struct err){0});
    return session_fail(s, VERB_STARTTLS, &e, why);
}

/* RFC 4954 */
static bool login(struct session *s, struct outcome *why)
{
    return login_run(s, why) && (!s->mechanism || tell(s, SESSION_LOGGED_IN));
}

/* RFC 3207 4. What was said before it counts for nothing afterwards. */
static bool starttls(struct session *s, struct outcome *why)
{
    bool demanded = s->params->security == SESSION_STARTTLS;

    if (!demanded && s->params->security != SESSION_OPPORTUNISTIC)
        return true;
    if (!capabilities_has(&s->capabilities, CAPABILITY_STARTTLS))
        return !demanded || tls_is_missing(s, why);
    say_simple(s, VERB_STARTTLS);
    if (!session_ask(s, VERB_STARTTLS, why))
        return false;
    if (s->reply.code != 220)
        return !demanded || session_refuse(s, VERB_STARTTLS, ERR_REFUSED, why);
    return encrypt(s, why) && hello(s, why);
}

bool session_open(struct session *s, const struct session_params *params, struct outcome *why)
{
    *s = (struct session){.params = params, .stream.fd = -1};
    reply_init(&s->reply);
    if (connect_to_server(s, why) && implicit_tls(s, why) && greeting(s, why) && hello(s, why) &&
        starttls(s, why) && login(s, why))
        return true;
    session_abort(s);
    return false;
}

void session_extend(struct session *s, uint64_t octets)
{
    s->stream.overall = deadline_in(s->params->overall + (int64_t)octets);
}

void session_close(struct session *s)
{
    struct err ignored;

    if (s->is_open) {
        say_simple(s, VERB_QUIT);
        stream_flush(&s->stream, 1000, &ignored);
    }
    session_abort(s);
}

void session_abort(struct session *s)
{
    s->is_open = false;
    stream_close(&s->stream);
    capabilities_clear(&s->capabilities);
    strings_clear(&s->domains);
    reply_clear(&s->reply);
}
