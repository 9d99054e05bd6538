/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/auth.h"

#include "base/base64.h"
#include "smtp/command.h"

/* Rounds after which a server is not trying to log us in any more. */
#define ROUNDS_MAX 10

/* Queue a line that holds a secret; the transcript gets its size only, and nobody what a server
 * hands back of it. */
static void say_secret(struct session *s, const struct buf *line, const char *mechanism,
                       size_t octets)
{
    struct slice said = slice_trim(buf_slice(line));
    size_t skip = mechanism ? sizeof "AUTH " + slice_of(mechanism).len : 0;

    reply_veil(&s->reply, VEIL_SAID, slice_from(said, skip));
    if (mechanism)
        transcript_note(s->params->transcript, "C: AUTH %s <%zu octets>", mechanism, octets);
    else
        transcript_note(s->params->transcript, "C: <%zu octets>", octets);
    stream_put_secret(&s->stream, buf_slice(line));
}

static bool say_command(struct session *s, const char *mechanism, const struct slice *initial,
                        struct outcome *why)
{
    struct buf line;

    buf_init(&line, LIMIT_COMMAND);
    command_auth(&line, mechanism, initial);
    if (initial)
        say_secret(s, &line, mechanism, initial->len);
    else
        session_say(s, &line);
    buf_wipe(&line);
    return session_ask(s, VERB_AUTH, why);
}

static bool say_response(struct session *s, struct slice response, struct outcome *why)
{
    struct buf line;

    buf_init(&line, LIMIT_AUTH_LINE);
    base64_encode(&line, response);
    buf_put_text(&line, "\r\n");
    say_secret(s, &line, NULL, response.len);
    buf_wipe(&line);
    return session_ask(s, VERB_AUTH, why);
}

/* RFC 4954 4: "*" ends the exchange. What the server says to it changes nothing. */
static void cancel(struct session *s)
{
    struct outcome ignored = {0};
    struct buf line;

    buf_init(&line, 3);
    buf_put_text(&line, "*\r\n");
    session_say(s, &line);
    buf_clear(&line);
    session_ask(s, VERB_AUTH, &ignored);
    outcome_clear(&ignored);
}

static bool fits_inline(const char *mechanism, struct slice response)
{
    return sizeof "AUTH  \r\n" + slice_of(mechanism).len + (response.len + 2) / 3 * 4 <=
           LIMIT_AUTH_INLINE;
}

/* The command, and the initial response in it or behind the first 334. */
static bool begin(struct session *s, const char *mechanism, struct slice response,
                  struct outcome *why)
{
    if (fits_inline(mechanism, response)) {
        if (!say_command(s, mechanism, &response, why))
            return false;
        if (s->reply.code != 500 && s->reply.code != 501)
            return true;
    }
    if (!say_command(s, mechanism, NULL, why))
        return false;
    return s->reply.code != 334 || say_response(s, response, why);
}

static bool fail(struct session *s, const struct sasl *sasl, struct err *e, struct outcome *why)
{
    err_wrap(e, "AUTH %s", sasl->mech->name);
    return session_fail(s, VERB_AUTH, e, why);
}

/* Answer one challenge. */
static bool answer(struct session *s, struct sasl *sasl, struct buf *response, struct outcome *why)
{
    struct buf challenge;
    struct err e;

    buf_wipe(response);
    buf_init(&challenge, LIMIT_AUTH_LINE);
    bool ok = base64_decode(&challenge, buf_slice(&s->reply.text)) ||
              err_set(&e, ERR_PROTOCOL, "the server's challenge is no base64");
    ok = ok && sasl_step(sasl, buf_slice(&challenge), response, &e);
    buf_wipe(&challenge);
    if (!ok) {
        cancel(s);
        return fail(s, sasl, &e, why);
    }
    return say_response(s, buf_slice(response), why);
}

/* The first message, unless the server has to speak first. */
static bool open_exchange(struct session *s, struct sasl *sasl, struct buf *response,
                          struct outcome *why)
{
    struct err e;

    if (sasl->mech->flags & SASL_SERVER_FIRST)
        return say_command(s, sasl->mech->name, NULL, why);
    if (!sasl_step(sasl, SLICE(""), response, &e))
        return fail(s, sasl, &e, why);
    return begin(s, sasl->mech->name, buf_slice(response), why);
}

static bool converse(struct session *s, struct sasl *sasl, struct buf *response,
                     struct outcome *why)
{
    struct err e;

    if (!open_exchange(s, sasl, response, why))
        return false;
    for (unsigned round = 0; s->reply.code == 334; round++) {
        if (round == ROUNDS_MAX) {
            err_set(&e, ERR_PROTOCOL, "the server asks without end");
            return fail(s, sasl, &e, why);
        }
        if (!answer(s, sasl, response, why))
            return false;
    }
    if (s->reply.code == 235 && !sasl->done) {
        err_set(&e, ERR_AUTH, "the server declared success before the login was complete");
        return fail(s, sasl, &e, why);
    }
    return true;
}

bool auth_exchange(struct session *s, struct sasl *sasl, struct outcome *why)
{
    struct buf response;

    buf_init(&response, LIMIT_AUTH_LINE / 4 * 3 - 4);
    bool ok = converse(s, sasl, &response, why);
    buf_wipe(&response);
    return ok;
}
