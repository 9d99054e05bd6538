/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_QUOTA_H
#define CMD_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What each user has of the service, and may have: so that none can fill the disk or keep the
 * others out. Pure arithmetic; who asks, and when, is the business of cmd/serve.
 *
 * Room is reserved for a message before it comes in and again as it grows, so that what many
 * sessions receive at the same time counts too. A reservation ends as a message that waits in the
 * queue, or as nothing. That a message has left the queue is learned only from a recount of the
 * spool. */

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
struct quota_id {
    bool is_known;
    uint64_t uid;
};

enum quota_verdict {
    QUOTA_OK,
    QUOTA_CONNECTIONS,      /* which of the limits says no */
    QUOTA_SESSIONS,
    QUOTA_MESSAGES,
    QUOTA_OCTETS,
    QUOTA_RATE
};

/* The message that one session receives. */
struct reservation {
    bool is_open;
    uint64_t octets;
};

struct quota_user;

struct quota {
    struct limits limits;
    struct quota_user *users;
    size_t count, capacity;
    uint64_t connections;
};

void quota_init(struct quota *q, const struct limits *limits);
void quota_clear(struct quota *q);

/* A session begins, if it may; one that does ends with quota_leave. Root is never refused. `now`
 * is by clock_monotonic(). */
enum quota_verdict quota_enter(struct quota *q, struct quota_id who, int64_t now);
void quota_leave(struct quota *q, struct quota_id who, struct reservation *b);

/* A message is to have `octets`, which are 0 while nobody knows. A reservation that is open grows;
 * else it is a new one. When the answer is no the reservation is as before. */
enum quota_verdict quota_reserve(struct quota *q, struct quota_id who, struct reservation *b,
                                 uint64_t octets, int64_t now);
void quota_cancel(struct quota *q, struct quota_id who, struct reservation *b);
/* It is in the queue now, with so many octets. */
void quota_keep(struct quota *q, struct quota_id who, struct reservation *b, uint64_t octets);

/* What waits in the queue, counted anew: nothing, then each message. */
void quota_recount(struct quota *q);
void quota_count(struct quota *q, struct quota_id who, uint64_t octets);

#endif
