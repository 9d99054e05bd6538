/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* When next, and when to give up: arithmetic, and nothing else. Times are wall time, because they
 * outlive the process; so every function says what a clock that was set does to it. */

enum {
    SCHEDULE_LONGEST = 3600,         /* seconds between two tries, at the most */
    SCHEDULE_PROBE = 10,             /* new mail tries an account that is down no more often */
    SCHEDULE_GAP = 24 * 3600         /* a longer silence counts for no more than this */
};

/* Seconds until the next try after `tries` (1: the first has failed): `first`, doubled with each
 * try, at most SCHEDULE_LONGEST, and up to an eighth more or less. `dice` is any random number. */
unsigned long schedule_pause(unsigned long first, unsigned long tries, uint32_t dice);

/* Is a try due that was set to `next` when it was `last`? A clock that went back behind `last`, or
 * a `next` that no pause could have reached, makes it due: such a clock must not freeze a queue. */
bool schedule_is_due(time_t next, time_t last, time_t now);

/* Seconds to wait for it; 0: due. */
unsigned long schedule_wait(time_t next, time_t last, time_t now);

/* When a message or an account was tried last, and is to be tried next; next 0: nothing to wait
 * for. */
struct schedule_times {
    time_t last, next;
};

/* What a message waits for. */
enum schedule_case {
    SCHEDULE_NEW,            /* never tried */
    SCHEDULE_PUT_OFF,        /* its own time, and its account's */
    SCHEDULE_WITH_ACCOUNT    /* its last try failed for the account, and tells nothing of it */
};

/* Seconds until a message may be tried; 0: now. A new one tries out of turn whether its account
 * works again. */
unsigned long schedule_turn(enum schedule_case which, const struct schedule_times *message,
                            const struct schedule_times *account, time_t now);

/* The age grown by the time since `last`: nothing when the clock went back, SCHEDULE_GAP at the
 * most when it leapt (or the machine was off), so that no single leap uses up a lifetime. */
unsigned long schedule_age(unsigned long age, time_t last, time_t now);

/* Is it time to give up? Asked after a try has failed. */
bool schedule_is_over(unsigned long age, unsigned long lifetime);

#endif
