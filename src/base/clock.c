/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/clock.h"

#include <limits.h>

#define NS_PER_MS 1000000

static time_t fixed_wall;

int64_t clock_monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 * NS_PER_MS + t.tv_nsec;
}

struct deadline deadline_never(void)
{
    return (struct deadline){INT64_MAX};
}

struct deadline deadline_in(int64_t milliseconds)
{
    return (struct deadline){clock_monotonic() + milliseconds * NS_PER_MS};
}

struct deadline deadline_earlier(struct deadline a, struct deadline b)
{
    return a.at < b.at ? a : b;
}

bool deadline_is_past(struct deadline d)
{
    return d.at != INT64_MAX && clock_monotonic() >= d.at;
}

int deadline_poll(struct deadline d)
{
    if (d.at == INT64_MAX)
        return -1;
    int64_t left = d.at - clock_monotonic();
    if (left <= 0)
        return 0;
    left = (left + NS_PER_MS - 1) / NS_PER_MS;
    return left > INT_MAX ? INT_MAX : (int)left;
}

time_t clock_wall(void)
{
    return fixed_wall ? fixed_wall : time(NULL);
}

void clock_fix(time_t wall)
{
    fixed_wall = wall;
}
