/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_RUNNER_H
#define RELAY_RUNNER_H

#include "account/config.h"
#include "base/clock.h"
#include "relay/settle.h"

/* The queue run: look at what is there, start workers for the accounts that have something due,
 * sleep until the next time, be woken by arrivals, end when nothing is left to wait for.
 *
 * An account whose server cannot be used rests as a whole: the message that was tried last tells
 * until when (its envelope is marked `down`), and no other is tried meanwhile, but for new ones,
 * one at a time. */

struct runner {
    struct keeper keeper;
    const char *hello;       /* for EHLO when the account has none; may be NULL */
    const struct transcript *transcript;   /* may be NULL */
    /* The configuration as it is now: of `file` (NULL: the usual ones), with the settings of --set.
     * *out is for config_free. */
    bool (*configure)(void *argument, const char *file, const struct strings *settings,
                      struct config **out, struct err *e);
    void *argument;
    int stop;                /* of runner_loop: once it rings (run_is_rung) the messages under way
                              * come to their end, and no others begin; 0: it never does */
};

/* Try every message once, now, due or not, and wait for those that another run is trying. True when
 * the queue is empty afterwards. */
bool runner_run_once(const struct runner *r, struct err *e);

/* In the background, until there is nothing left to do; unless there is a runner, which is woken.
 * Returns at once. True: there is one. */
bool runner_start(const struct runner *r, struct err *e);

/* The same in this process, with the lock already taken: returns when nothing is left to do, or
 * after `stop`. The lock is closed then. */
void runner_loop(const struct runner *r, int lock);

/* Take hold of a message that a worker may have in its hands, before the deadline. */
enum spool_found runner_take(const struct spool *s, const char *id, struct deadline deadline,
                             struct taken *t, struct err *e);

#endif
