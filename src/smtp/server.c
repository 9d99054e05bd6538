/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/server.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "net/duplex.h"
#include "smtp/argument.h"

/* More of a message than announced is asked for by so much. */
#define ADMIT_STEP ((uint64_t)LIMIT_BLOCK)

/* RFC 5321 4.5.3.2.7: at least five minutes. */
#define IDLE_MILLISECONDS ((int64_t)5 * 60 * 1000)

struct hearing {
    const struct server *server;
    struct duplex duplex;
    bool greeted;            /* HELO or EHLO was said */
    bool has_sender;         /* a transaction is open */
    struct envelope envelope;
    struct message message;
    struct message_input input;
    bool receiving;          /* input has begun */
    struct err fault;        /* why the message that is coming in will be refused */
    const char *refusal;     /* the same, as the reply that it will get; NULL: none */
    uint64_t received;
    uint64_t admitted;       /* octets that were asked for */
    unsigned mistakes;
    bool over;
};

/* --- replies */

static void reply(struct hearing *h, const char *text)
{
    duplex_put(&h->duplex, slice_of(text));
    duplex_put(&h->duplex, SLICE("\r\n"));
}

/* A reply to what the client should not have said. */
static void mistake(struct hearing *h, const char *text)
{
    h->mistakes++;
    reply(h, text);
}

static struct deadline patience(const struct hearing *h)
{
    return deadline_in(h->server->idle ? h->server->idle : IDLE_MILLISECONDS);
}

/* Text of any origin as the words of a reply: one line of printable ASCII. */
static void put_words(struct buf *out, const char *text)
{
    for (size_t i = 0; text && text[i] && i < LIMIT_REPLY_TEXT; i++) {
        unsigned char c = (unsigned char)text[i];
        buf_put_byte(out, c < 32 || c > 126 ? '?' : text[i]);
    }
}

/* The words behind code and status, which the text may begin with itself. */
static const char *words_of(const struct outcome *o)
{
    struct status ignored;
    const char *text = o->text ? o->text : "";
    size_t used;

    if (o->by_server && o->code && strlen(text) > 3 && text[3] == ' ')
        text += 4;
    if (status_parse(slice_of(text), &ignored, &used))
        text += used + strspn(text + used, " ");
    return text;
}

/* "250 2.0.0 ...": the verdict in the server's own numbers where it has some that fit. */
static void reply_outcome(struct hearing *h, const struct outcome *o)
{
    bool taken = o->verdict == VERDICT_DELIVERED, for_good = o->verdict == VERDICT_REFUSED;
    unsigned char klass = taken ? 2 : for_good ? 5 : 4;
    unsigned code = o->code / 100 == klass && o->code != 421 ? o->code
                    : taken                                  ? 250
                    : for_good                               ? 554
                                                             : 451;
    struct status status = o->status.klass == klass ? o->status : (struct status){.klass = klass};
    struct buf line;

    buf_init(&line, LIMIT_REPLY);
    buf_put_format(&line, "%u ", code);
    status_format(&line, status);
    buf_put_byte(&line, ' ');
    put_words(&line, words_of(o));
    reply(h, line.data);
    buf_clear(&line);
}

static void reply_fault(struct hearing *h)
{
    struct outcome o = {0};

    outcome_from_err(&o, &h->fault, NULL);
    if (h->fault.kind == ERR_REFUSED) {
        o.code = 552;
        o.status = (struct status){5, 3, 4};
    }
    reply_outcome(h, &o);
    outcome_clear(&o);
}

/* --- the transaction */

static void end_transaction(struct hearing *h)
{
    if (h->receiving)
        message_input_clear(&h->input);
    envelope_clear(&h->envelope);
    message_clear(&h->message);
    h->has_sender = h->receiving = false;
    h->fault = (struct err){.kind = ERR_NONE};
    h->refusal = NULL;
    h->received = h->admitted = 0;
}

static void begin_message(struct hearing *h)
{
    if (h->receiving)
        return;
    message_input_begin(&h->input, &h->message, false);
    h->receiving = true;
}

/* Ask whether so much may come in. NULL: it may. */
static const char *ask(struct hearing *h, uint64_t octets, bool is_new)
{
    const struct server *s = h->server;
    const char *refusal = s->admit ? s->admit(s->argument, octets, is_new) : NULL;

    h->admitted = octets;
    h->over = h->over || (refusal && strncmp(refusal, "421", 3) == 0);
    return refusal;
}

/* A message that cannot be taken is heard to its end all the same. */
static void take_text(struct hearing *h, struct slice text)
{
    uint64_t max = h->server->max_size;

    h->received += text.len;
    if (h->fault.kind != ERR_NONE || h->refusal)
        return;
    if (h->received > h->admitted && (h->refusal = ask(h, h->received + ADMIT_STEP, false)))
        return;
    if (max && h->received > max)
        err_set(&h->fault, ERR_REFUSED, "the message has more than %" PRIu64 " octets", max);
    else
        message_input_put(&h->input, text, &h->fault);
}

static void end_message(struct hearing *h)
{
    struct outcome o = {0};

    if (h->fault.kind == ERR_NONE && !h->refusal)
        message_input_end(&h->input, &h->fault);
    if (h->refusal) {
        reply(h, h->refusal);
    } else if (h->fault.kind == ERR_NONE) {
        h->server->accept(h->server->argument, &h->envelope, &h->message, &o);
        reply_outcome(h, &o);
        outcome_clear(&o);
    } else {
        reply_fault(h);
    }
    end_transaction(h);
}

/* No end of it will be heard: the client is gone, or is sent away. */
static void cut_message(struct hearing *h)
{
    if (h->refusal)
        reply(h, h->refusal);
}

/* --- commands */

static bool path_is_utf8(const struct path *path)
{
    return path_has_utf8_local(path) || path_has_utf8_domain(path);
}

static void hear_helo(struct hearing *h, struct slice rest)
{
    char line[LIMIT_DOMAIN + 8];

    if (!argument_word(&rest).len) {
        mistake(h, "501 5.5.4 Say HELO and your name");
        return;
    }
    end_transaction(h);
    h->greeted = true;
    snprintf(line, sizeof line, "250 %s", h->server->name);
    reply(h, line);
}

static void hear_ehlo(struct hearing *h, struct slice rest)
{
    static const char *const capabilities[] = {"PIPELINING", "8BITMIME", "SMTPUTF8", "DSN",
                                               "ENHANCEDSTATUSCODES", "CHUNKING"};
    char line[LIMIT_DOMAIN + 8];

    if (!argument_word(&rest).len) {
        mistake(h, "501 5.5.4 Say EHLO and your name");
        return;
    }
    end_transaction(h);
    h->greeted = true;
    snprintf(line, sizeof line, "250-%s", h->server->name);
    reply(h, line);
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++) {
        snprintf(line, sizeof line, "250-%s", capabilities[i]);
        reply(h, line);
    }
    if (h->server->max_size)
        snprintf(line, sizeof line, "250 SIZE %" PRIu64, h->server->max_size);
    reply(h, h->server->max_size ? line : "250 SIZE");
}

static void hear_mail(struct hearing *h, struct slice rest)
{
    struct argument a = {.envelope = &h->envelope};
    const char *wrong, *refusal;
    struct slice text;
    struct err e;

    if (!h->greeted || h->has_sender) {
        mistake(h, h->greeted ? "503 5.5.1 There is a sender already" : "503 5.5.1 Say EHLO first");
        return;
    }
    if (!argument_path(&rest, SLICE("FROM:"), &text)) {
        mistake(h, "501 5.5.4 Say MAIL FROM:<address>");
        return;
    }
    end_transaction(h);
    if (!path_parse(&h->envelope.reverse_path, text, &e)) {
        mistake(h, "501 5.1.7 This is no address");
    } else if ((wrong = argument_of_mail(&a, rest))) {
        end_transaction(h);
        mistake(h, wrong);
    } else if (path_is_utf8(&h->envelope.reverse_path) && !h->envelope.smtputf8) {
        end_transaction(h);
        mistake(h, "550 5.6.7 An address beyond ASCII wants SMTPUTF8");
    } else if (h->server->max_size && a.size > h->server->max_size) {
        end_transaction(h);
        reply(h, "552 5.3.4 The message is too large");
    } else if ((refusal = ask(h, a.size, true))) {
        end_transaction(h);
        reply(h, refusal);
    } else {
        h->has_sender = true;
        reply(h, "250 2.1.0 Ok");
    }
}

static void hear_rcpt(struct hearing *h, struct slice rest)
{
    struct recipient r = {0};
    struct argument a = {.recipient = &r};
    const char *wrong;
    struct slice text;
    struct err e;

    if (!h->has_sender || h->receiving) {
        mistake(h, "503 5.5.1 Say MAIL first");
    } else if (!argument_path(&rest, SLICE("TO:"), &text)) {
        mistake(h, "501 5.5.4 Say RCPT TO:<address>");
    } else if (h->envelope.count >= LIMIT_SERVER_RECIPIENTS) {
        reply(h, "452 4.5.3 Too many recipients");
    } else if (!path_parse(&r.path, text, &e) || path_is_null(&r.path)) {
        mistake(h, "501 5.1.3 This is no address");
    } else if (path_is_utf8(&r.path) && !h->envelope.smtputf8) {
        mistake(h, "553 5.6.7 An address beyond ASCII wants SMTPUTF8");
    } else if ((wrong = argument_of_rcpt(&a, rest))) {
        mistake(h, wrong);
    } else {
        envelope_add(&h->envelope, &r.path);
        h->envelope.recipients[h->envelope.count - 1].notify = r.notify;
        h->envelope.recipients[h->envelope.count - 1].orcpt = r.orcpt;
        r.orcpt = NULL;
        reply(h, "250 2.1.5 Ok");
    }
    path_clear(&r.path);
    free(r.orcpt);
}

/* More input, after everything that we have to say was said. At its end: false, and over. */
static bool hear_more(struct hearing *h, struct err *e)
{
    if (!duplex_flush(&h->duplex, patience(h), e) || !duplex_read(&h->duplex, patience(h), e))
        return false;
    h->over = h->over || h->duplex.ended;
    return true;
}

/* Replies must not wait until there is no room: a client may say much at once (RFC 2920 3.1). */
static bool make_room(struct hearing *h, struct err *e)
{
    return duplex_pending(&h->duplex) < LIMIT_BLOCK / 2 || duplex_flush(&h->duplex, patience(h), e);
}

/* Some input, at most `max` octets; empty only when the client is gone. */
static bool hear_block(struct hearing *h, uint64_t max, struct slice *block, struct err *e)
{
    while (!duplex_input(&h->duplex).len && !h->over)
        if (!hear_more(h, e))
            return false;
    *block = duplex_input(&h->duplex);
    if (block->len > max)
        block->len = (size_t)max;
    return true;
}

static bool hear_data(struct hearing *h, struct err *e)
{
    struct wire_undot undot;
    struct slice block;
    struct buf text;
    bool ok = true;

    if (h->receiving || !h->envelope.count) {
        mistake(h, h->has_sender && !h->receiving ? "554 5.5.1 No recipients"
                                                  : "503 5.5.1 Say MAIL and RCPT first");
        return true;
    }
    reply(h, "354 End with a line that is a single dot");
    begin_message(h);
    wire_undot_init(&undot);
    buf_init(&text, LIMIT_BLOCK + 4);
    while (ok && !undot.ended && !h->over) {
        ok = hear_block(h, LIMIT_BLOCK, &block, e);
        if (!ok || !block.len)
            continue;
        buf_reset(&text);
        size_t used = wire_undot_put(&undot, block, &text);
        take_text(h, buf_slice(&text));
        duplex_take(&h->duplex, used);
    }
    buf_clear(&text);
    if (ok && undot.ended)
        end_message(h);
    else if (ok)
        cut_message(h);
    return ok;
}

/* RFC 3030 2: the octets follow whatever we think of the command. */
static bool hear_chunk(struct hearing *h, uint64_t left, bool wanted, struct err *e)
{
    struct slice block;

    while (left && !h->over) {
        if (!hear_block(h, left, &block, e))
            return false;
        if (wanted)
            take_text(h, block);
        left -= block.len;
        duplex_take(&h->duplex, block.len);
    }
    return true;
}

static bool hear_bdat(struct hearing *h, struct slice rest, struct err *e)
{
    struct slice size = argument_word(&rest), last = argument_word(&rest);
    bool is_last = slice_eq_nocase(last, SLICE("LAST")), wanted = h->envelope.count > 0;
    unsigned long count;

    if (!slice_number(size, ULONG_MAX, &count) || (last.len && !is_last) ||
        argument_word(&rest).len) {
        /* Where the chunk ends, and commands begin again, nobody can tell. */
        reply(h, "421 4.5.2 Bad BDAT");
        h->over = true;
        return true;
    }
    if (wanted)
        begin_message(h);
    if (!hear_chunk(h, count, wanted, e))
        return false;
    if (h->over)
        cut_message(h);
    else if (!wanted)
        mistake(h, "503 5.5.1 Say MAIL and RCPT first");
    else if (is_last)
        end_message(h);
    else
        reply(h, "250 2.0.0 Go on");
    return true;
}

static bool hear_any(struct hearing *h, struct slice verb, struct slice rest)
{
    static const struct {
        const char *verb, *reply;
    } fixed[] = {
        {"NOOP", "250 2.0.0 Ok"},
        {"VRFY", "252 2.1.5 Send some mail, and we shall see"},
        {"HELP", "214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT"},
        {"EXPN", "502 5.5.1 Not here"},
        {"TURN", "502 5.5.1 Not here"},
        {"AUTH", "502 5.5.1 There is no need to log in"},
        {"STARTTLS", "502 5.5.1 There is nobody on the way"},
    };

    (void)rest;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (slice_eq_nocase(verb, slice_of(fixed[i].verb))) {
            reply(h, fixed[i].reply);
            return true;
        }
    return false;
}

static bool hear_command(struct hearing *h, struct slice line, struct err *e)
{
    static const struct {
        const char *verb;
        void (*hear)(struct hearing *h, struct slice rest);
    } simple[] = {
        {"EHLO", hear_ehlo}, {"HELO", hear_helo}, {"MAIL", hear_mail}, {"RCPT", hear_rcpt}};
    struct slice rest = line, verb = argument_word(&rest);

    rest = slice_trim(rest);
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
        if (slice_eq_nocase(verb, slice_of(simple[i].verb))) {
            simple[i].hear(h, rest);
            return true;
        }
    if (slice_eq_nocase(verb, SLICE("DATA")))
        return hear_data(h, e);
    if (slice_eq_nocase(verb, SLICE("BDAT")))
        return hear_bdat(h, rest, e);
    if (slice_eq_nocase(verb, SLICE("RSET"))) {
        end_transaction(h);
        reply(h, "250 2.0.0 Ok");
    } else if (slice_eq_nocase(verb, SLICE("QUIT"))) {
        reply(h, "221 2.0.0 Bye");
        h->over = true;
    } else if (!hear_any(h, verb, rest)) {
        mistake(h, "500 5.5.2 Unknown command");
    }
    return true;
}

/* One command line, or a part of one that is too long; *length is what it takes of the input. */
static bool hear_line(struct hearing *h, struct slice *line, size_t *length, struct err *e)
{
    for (;;) {
        struct slice have = duplex_input(&h->duplex);
        size_t lf = slice_find(have, '\n', 0);
        if (lf < have.len || have.len > LIMIT_COMMAND) {
            *length = lf < have.len ? lf + 1 : have.len;
            *line = slice_make(have.data, lf);
            return true;
        }
        if (h->over || h->duplex.called)
            return true;
        if (!hear_more(h, e))
            return false;
    }
}

static bool hear_session(struct hearing *h, struct err *e)
{
    bool skipping = false;

    while (!h->over && !h->duplex.called) {
        struct slice line = SLICE("");
        size_t length = 0;
        if (!hear_line(h, &line, &length, e))
            return false;
        if (!length)
            break;
        bool whole = line.len < length, too_long = skipping || line.len > LIMIT_COMMAND;
        char *copy = slice_dup(slice_trim(line));
        size_t copied = slice_trim(line).len;
        duplex_take(&h->duplex, length);
        bool ok = true;
        if (too_long && whole)
            mistake(h, "500 5.5.2 This line is too long");
        else if (!too_long)
            ok = hear_command(h, slice_make(copy, copied), e) && make_room(h, e);
        free(copy);
        skipping = !whole;
        if (!ok)
            return false;
        if (h->mistakes > LIMIT_SERVER_MISTAKES) {
            reply(h, "421 4.7.0 Too many mistakes");
            duplex_flush(&h->duplex, patience(h), e);
            return err_set(e, ERR_PROTOCOL, "the client makes one mistake after the other");
        }
    }
    if (!h->over)
        reply(h, "421 4.3.2 The service is ending; try again later");
    return true;
}

bool server_run(const struct server *server, int in, int out, struct err *e)
{
    struct hearing h = {.server = server, .fault = {.kind = ERR_NONE}};
    char greeting[LIMIT_DOMAIN + 32];

    duplex_init(&h.duplex, in, out);
    h.duplex.watch = server->stop > 0 ? server->stop : -1;
    h.duplex.grace = server->grace;
    message_init(&h.message, server->directory);
    snprintf(greeting, sizeof greeting, "220 %s ESMTP smtpost", server->name);
    reply(&h, greeting);
    bool ok = hear_session(&h, e);
    if (!ok && e->kind == ERR_TIMEOUT)
        reply(&h, "421 4.4.2 I have waited long enough");
    struct err ignored;
    bool flushed = duplex_flush(&h.duplex, patience(&h), ok ? e : &ignored);
    end_transaction(&h);
    duplex_clear(&h.duplex);
    return ok && flushed;
}

void server_decline(int in, int out, const char *why)
{
    struct duplex duplex;
    struct err ignored;
    struct buf line;

    duplex_init(&duplex, in, out);
    buf_init(&line, LIMIT_REPLY);
    buf_put_text(&line, "421 4.3.5 ");
    put_words(&line, why);
    buf_put_text(&line, "\r\n");
    duplex_put(&duplex, buf_slice(&line));
    duplex_flush(&duplex, deadline_in(IDLE_MILLISECONDS), &ignored);
    buf_clear(&line);
    duplex_clear(&duplex);
}
