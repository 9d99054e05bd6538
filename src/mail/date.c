/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/date.h"

#include <stdlib.h>

/* strftime would give the locale's names. */
static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* A time that no calendar holds counts as the beginning of 1970. */
static const struct tm epoch = {.tm_year = 70, .tm_mday = 1, .tm_wday = 4};

static void put(struct buf *out, const struct tm *t, long offset)
{
    long minutes = labs(offset) / 60;

    buf_put_format(out, "%s, %02d %s %04d %02d:%02d:%02d %c%02ld%02ld", days[t->tm_wday],
                   t->tm_mday, months[t->tm_mon], t->tm_year + 1900, t->tm_hour, t->tm_min,
                   t->tm_sec, offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void date_format(struct buf *out, time_t when)
{
    struct tm t;

    if (!localtime_r(&when, &t))
        t = epoch;
    put(out, &t, t.tm_gmtoff);
}

void date_format_utc(struct buf *out, time_t when)
{
    struct tm t;

    if (!gmtime_r(&when, &t))
        t = epoch;
    put(out, &t, 0);
}

void date_format_iso(struct buf *out, time_t when)
{
    struct tm t;

    if (!gmtime_r(&when, &t))
        t = epoch;
    buf_put_format(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                   t.tm_hour, t.tm_min, t.tm_sec);
}
