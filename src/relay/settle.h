/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_SETTLE_H
#define RELAY_SETTLE_H

#include "queue/spool.h"
#include "relay/relay.h"

/* What an attempt means for a queued message: whom it still waits for and when it is tried again,
 * who has to be told, and what is written back.
 *
 * Only the server's word on this message or recipient is final, and what smtpost itself says of the
 * message (too large, no SMTPUTF8). A wrong password, a certificate, a mistake in the configuration
 * say nothing about the mail: it stays, whatever its age. */

struct keeper {
    const struct spool *spool;
    const char *host;        /* our name, in bounces */
    const char *domain;      /* for their From */
    bool quiet;              /* nobody watches stderr: syslog = auto means yes */
    bool talks;              /* failures are said on stderr too */
};

enum settled {
    SETTLED_GONE,            /* served, and out of the queue */
    SETTLED_KEPT,            /* written back */
    SETTLED_NOT              /* could not be written: it is as before, and will be sent again */
};

/* An alias that leads nowhere stays refused: aliases are looked up once, and there is nothing to be
 * tried, whoever mends what. */
void settle_decided(struct envelope *v);

/* Before an attempt: recipients that are to be tried have no verdict. */
void settle_prepare(struct entry *en);
/* After one. `down`: it failed for the account, or was asked to slow down. `server` may be NULL. */
enum settled settle_attempt(const struct keeper *k, struct taken *t, const struct account *account,
                            const struct delivery *d, bool down);

/* An entry made of what a first attempt without the queue has left over. */
void settle_first(struct entry *en, const struct account *account, const struct delivery *d);

/* A message some of whose recipients wait for a bounce that is no longer there: it was delivered,
 * and they are done with. Or a bounce that has failed: its message stays, as failed. Both as a
 * crash may have left them. False: somebody holds the message; to be done again. */
bool settle_bounces(const struct keeper *k, const struct entry *seen);
/* The same for a bounce that is removed by hand: its message is then failed. */
bool settle_bounce_failed(const struct keeper *k, const struct entry *bounce);

/* Trouble with the queue or the configuration: on stderr when somebody watches, and to syslog. */
void settle_complain(const struct keeper *k, const char *id, const struct err *e);

/* Did the server ask us to slow down (421, or 4.7.0 as large providers have it)? */
bool settle_is_slow_down(const struct envelope *v);

#endif
