/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SMTP_PIPELINE_H
#define SMTP_PIPELINE_H

#include "smtp/transaction.h"

/* Transactions over one session, one behind the other without waiting (RFC 2920): as far as the
 * server's PIPELINING goes and a window of octets, commands and transactions is not full, the next
 * one's MAIL rides behind the last one's data. Verdicts are matched as they come.
 *
 * A transaction comes back when it is over. A recipient without a verdict then was given to nobody
 * in this session: the conversation ended too early for it, or has its limits (RFC 9422). When it
 * breaks, the transaction that it broke at is blamed, unless others fared well before it and it had
 * hardly begun; one whose end may have been sent is IN_DOUBT. So each session decides on some
 * recipient, if only on one. */

struct pipeline {
    struct session *session;
    struct transaction *first;       /* under way, in the order they were begun; NULL: none */
    struct transaction **end;        /* where the next one is hung in */
    struct transaction *saying;      /* the first that is not said completely, or NULL */
    struct transaction *finished;    /* over, not yet taken */
    struct transaction **finished_end;
    size_t count;            /* under way */
    uint64_t octets;         /* of the messages under way */
    unsigned long begun;     /* MAIL commands, for RFC 9422 4.1 */
    bool answers_due;        /* something that was written waits for its answer */
    bool holds_rest;         /* the server may hold a transaction that was not brought to its end */
    bool quit_said;
    bool deaf;               /* no more is said; what the server still says is heard */
    bool has_verdicts;       /* some transaction has come to a verdict */
};

/* The session is borrowed. */
void pipeline_init(struct pipeline *p, struct session *s);
/* Can the session take one more transaction, now or later? */
bool pipeline_is_usable(const struct pipeline *p);
/* ... and now? */
bool pipeline_has_room(const struct pipeline *p);
/* Put it behind the others, and say what may be said. It is borrowed until pipeline_take. */
void pipeline_add(struct pipeline *p, struct transaction *t);
/* One that is over; NULL without. With `wait` the next one, as long as any is under way. */
struct transaction *pipeline_take(struct pipeline *p, bool wait);
/* One that is over or under way, given up without a word; NULL: there are no more. */
struct transaction *pipeline_abandon(struct pipeline *p);

#endif
