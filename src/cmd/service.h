/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef CMD_SERVICE_H
#define CMD_SERVICE_H

#include "base/clock.h"
#include "base/compat.h"
#include "cmd/listener.h"
#include "cmd/quota.h"
#include "cmd/spooling.h"

/* The service at work: one process that accepts, counts and supervises (serve), a child for each
 * session (clients, receiver), and one that runs the queue (child, relay/runner).
 *
 * All children hold the reading end of one pipe whose other end is ours alone. When we close it, or
 * die, they finish what they have in hand and end: nobody has to be told, and nobody is killed. */

struct client {
    struct quota_id who;
    struct reservation reservation;
    pid_t pid;
    int end;                 /* of its process, for run_reap */
    int admission;
};

struct service {
    const struct args *args;
    struct host *host;
    struct config *config;
    struct strings places;   /* where sessions may write */
    struct spool spool;
    struct quota quota;
    struct deadline counted; /* until then the quota's count of the spool is believed */
    const char *socket;      /* where to listen, unless sockets are handed over */
    struct listeners listeners;
    struct deadline quiet;   /* until then refusals are not told, but counted */
    unsigned long untold;
    struct client *clients;
    size_t client_count, client_capacity;
    int signals;
    int stop[2];             /* the children's end, ours; ours is -1 when the service is ending */

    struct runner runner;
    struct spooling_context context;
    bool runner_is_there;
    pid_t runner_pid;
    int runner_end;
    bool runner_is_wanted;   /* once more, when this one has ended */
    struct deadline runner_rest;     /* not before */
};

/* A line about the service itself: on stderr, and to syslog where nobody else keeps stderr. */
void service_say(const struct service *s, const char *format, ...) PRINTF_LIKE(2, 3);
/* In a child: close what is the service's, keep s->stop[0]. */
void service_leave(struct service *s);

#endif
