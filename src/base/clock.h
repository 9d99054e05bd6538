/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Time. A deadline is an absolute instant of the monotonic clock, not a duration: it can be handed
 * down through calls and nothing restarts it by accident. */

struct deadline {
    int64_t at;              /* nanoseconds of the monotonic clock; INT64_MAX: never */
};

int64_t clock_monotonic(void);                    /* nanoseconds */
struct deadline deadline_never(void);
struct deadline deadline_in(int64_t milliseconds); /* from now; 0 or less is already past */
struct deadline deadline_earlier(struct deadline a, struct deadline b);
bool deadline_is_past(struct deadline d);
/* For poll(2): milliseconds left, rounded up, 0 when past, -1 for never. */
int deadline_poll(struct deadline d);

/* Wall time in seconds since 1970; clock_fix sets it for tests (0: the real clock again). */
time_t clock_wall(void);
void clock_fix(time_t wall);

#endif
