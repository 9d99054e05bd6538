/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_RECEIVER_H
#define CMD_RECEIVER_H

#include "account/config.h"
#include "cmd/args.h"
#include "cmd/environ.h"
#include "cmd/quota.h"

/* The conversation with one client of the service, in a process of its own: a client that is slow,
 * dies or finds a fault of ours reaches nobody else's mail. Each message is prepared as if its user
 * had called smtpost, with the service's configuration, and committed to the queue before the
 * reply; sending it is the runner's business, and so are passwords: this process has none. The user
 * may name any sender, as is usual for a machine's own mail; a Received field and the log keep the
 * uid. */

struct receiver {
    const struct args *args;
    const struct host *host;         /* the service's */
    const struct config *config;
    const struct strings *places;    /* where it may write: relay/narrow.h */
    const struct limits *limits;
    struct quota_id who;
    int client;              /* the connection */
    int admission;                /* to the service */
    int stop;                /* closed at its other end when the service is to end */
};

/* To QUIT, or to the end of the client's patience or ours. */
void receiver_run(const struct receiver *r);

/* The reply when the quota says no. */
const char *receiver_refusal(enum quota_verdict verdict);

/* Milliseconds in which a message that is coming in may be completed when the service ends. */
enum { RECEIVER_GRACE = 20 * 1000 };

#endif
