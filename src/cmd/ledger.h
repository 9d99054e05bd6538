/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_LEDGER_H
#define CMD_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What each user has of the service, and may have: so that none can fill the disk or keep the
 * others out. Pure arithmetic; who asks, and when, is the business of cmd/serve.
 *
 * A message is booked before it comes in and again as it grows, so that what many sessions receive
 * at the same time counts too. A booking ends as a message that waits in the queue, or as nothing.
 * That a message has left the queue the ledger learns only from a recount of the spool. */

/* Each is 0 for no limit. */
struct limits {
    uint64_t connections;    /* of all users, at the same time */
    uint64_t sessions;       /* the rest is for each user: connections at the same time */
    uint64_t messages;       /* that wait in the queue */
    uint64_t octets;         /* of these */
    uint64_t rate;           /* messages in a minute, as many at once */
    uint64_t size;           /* octets of one message */
};

void limits_init(struct limits *l);
/* "rate=60", "size=50M" (K, M, G: 1024). ERR_USAGE. */
bool limits_set(struct limits *l, const char *text, struct err *e);

/* Who is on the other side. Nobody knows that of a TCP connection: those are one user together. */
struct patron_id {
    bool is_known;
    uint64_t uid;
};

enum ledger_word {
    LEDGER_YES,
    LEDGER_CONNECTIONS,      /* which of the limits says no */
    LEDGER_SESSIONS,
    LEDGER_MESSAGES,
    LEDGER_OCTETS,
    LEDGER_RATE
};

/* The message that one session receives. */
struct booking {
    bool is_open;
    uint64_t octets;
};

struct patron;

struct ledger {
    struct limits limits;
    struct patron *patrons;
    size_t count, capacity;
    uint64_t connections;
};

void ledger_init(struct ledger *l, const struct limits *limits);
void ledger_clear(struct ledger *l);

/* A session begins, if it may; one that does ends with ledger_leave. Root is never refused. `now`
 * is by clock_monotonic(). */
enum ledger_word ledger_enter(struct ledger *l, struct patron_id who, int64_t now);
void ledger_leave(struct ledger *l, struct patron_id who, struct booking *b);

/* A message is to have `octets`, which are 0 while nobody knows. A booking that is open grows; else
 * it is a new one. When the answer is no the booking is as before. */
enum ledger_word ledger_book(struct ledger *l, struct patron_id who, struct booking *b,
                             uint64_t octets, int64_t now);
void ledger_cancel(struct ledger *l, struct patron_id who, struct booking *b);
/* It is in the queue now, with so many octets. */
void ledger_keep(struct ledger *l, struct patron_id who, struct booking *b, uint64_t octets);

/* What waits in the queue, counted anew: nothing, then each message. */
void ledger_recount(struct ledger *l);
void ledger_count(struct ledger *l, struct patron_id who, uint64_t octets);

#endif
