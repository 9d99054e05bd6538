/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include "mail/envelope.h"
#include "mail/message.h"
#include "smtp/command.h"
#include "smtp/session.h"

/* One mail transaction, RFC 5321 3.3, as a row of steps that are said and heard in order: RSET
 * where something is left to be forgotten, MAIL, RCPT for each recipient, then DATA and the message
 * with its dots, or, with CHUNKING, the message in BDAT chunks (RFC 3030). What is said and what is
 * heard are two counters; how far the first may run ahead of the second is what PIPELINING and the
 * limits say. smtp/pipeline drives it.
 *
 * A recipient gets the server's word on it, on the sender or on the message. One that the server
 * has no room for in this transaction (452 4.5.3, RFC 9422 RCPTMAX and RCPTDOMAINMAX) keeps none,
 * and a further transaction can take it. Over LMTP each has its own word on the message
 * (RFC 2033 4.2). */

enum member_state {
    MEMBER_ASKED,            /* no answer yet */
    MEMBER_ACCEPTED,         /* shares the fate of the message */
    MEMBER_LEFT,             /* "too many recipients": next time */
    MEMBER_DECIDED
};

/* A recipient of the envelope that takes part in this transaction. */
struct member {
    struct recipient *recipient;
    enum member_state state;
};

struct transaction {
    /* In; borrowed until it comes back from the pipeline. */
    struct envelope *envelope;       /* recipients that have a verdict are left out */
    const struct message *message;   /* message_measure was called */
    bool last;               /* nothing comes behind it: QUIT may leave with it */
    void *owner;             /* whoever knows what it is for */
    const struct progress_watch *watch;    /* told what is sent of the message; may be NULL */

    /* Its own, from transaction_begin to transaction_end. */
    struct mail_params mail;
    struct member *members;
    size_t count;            /* of members */
    size_t accepted;         /* members that the server took */
    struct outcome too_many; /* the server's word on those that it left; NONE: it left none */
    bool chunked;            /* BDAT in place of DATA */
    bool resets;             /* RSET is the first step */
    size_t steps, said, heard;
    size_t body_step;        /* the one that ends the message */
    bool sender_refused;
    bool data_open;          /* 354 */
    bool is_complete;        /* the server has dealt with the message and forgotten the rest */
    bool is_exposed;         /* the server may have the whole message */
    bool is_cut_short;       /* the server spoke before the message's end, which was not sent */
    bool has_verdicts;       /* some member was decided on */
    struct message_reader reader;
    struct buf line;         /* the command that is being written */
    uint64_t sent, acknowledged;     /* octets of chunks */

    struct transaction *next;        /* the pipeline's */
};

/* Choose members, look at what the server can do. False: this server cannot take the message.
 * Without members there is no step. */
bool transaction_begin(struct transaction *t, struct session *s, struct err *e);
/* Before the first step: the server may hold something of an earlier transaction. */
void transaction_reset_first(struct transaction *t);
void transaction_end(struct transaction *t);

bool transaction_is_said(const struct transaction *t);   /* everything of it */
bool transaction_is_over(const struct transaction *t);   /* heard, too */
/* May the next step be said now, beside those that wait for their answers? */
bool transaction_may_say(const struct transaction *t, const struct session *s);
/* Queue it; of the message all but the end is written. */
bool transaction_say(struct transaction *t, struct session *s, struct err *e);
/* The next answer, and what follows from it. False: the conversation is over, `why` says why. */
bool transaction_hear(struct transaction *t, struct session *s, struct outcome *why);
/* The verb of the answer that comes next. */
enum verb transaction_awaits(const struct transaction *t);

#endif
