/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdlib.h>

#include "mail/date.h"

struct row {
    const char *zone;
    time_t when;
    const char *local, *iso;
};

/* Zones in POSIX notation: they need no files. */
static const struct row rows[] = {
    {"UTC0", 0, "Thu, 01 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00Z"},
    {"UTC0", 951782400, "Tue, 29 Feb 2000 00:00:00 +0000", "2000-02-29T00:00:00Z"},
    {"UTC0", 1709251199, "Thu, 29 Feb 2024 23:59:59 +0000", "2024-02-29T23:59:59Z"},
    {"UTC0", 1795488107, "Tue, 24 Nov 2026 02:41:47 +0000", "2026-11-24T02:41:47Z"},
    {"CET-1CEST,M3.5.0,M10.5.0/3", 1795488107, "Tue, 24 Nov 2026 03:41:47 +0100",
     "2026-11-24T02:41:47Z"},
    {"CET-1CEST,M3.5.0,M10.5.0/3", 1785000000, "Sat, 25 Jul 2026 19:20:00 +0200",
     "2026-07-25T17:20:00Z"},
    {"EST5EDT,M3.2.0,M11.1.0", 1795488107, "Mon, 23 Nov 2026 21:41:47 -0500",
     "2026-11-24T02:41:47Z"},
    {"NST3:30NDT,M3.2.0,M11.1.0", 1795488107, "Mon, 23 Nov 2026 23:11:47 -0330",
     "2026-11-24T02:41:47Z"},
    {"NST3:30NDT,M3.2.0,M11.1.0", 1785000000, "Sat, 25 Jul 2026 14:50:00 -0230",
     "2026-07-25T17:20:00Z"},
    {"IST-5:30", 1795488107, "Tue, 24 Nov 2026 08:11:47 +0530", "2026-11-24T02:41:47Z"},
    {"NPT-5:45", 1795488107, "Tue, 24 Nov 2026 08:26:47 +0545", "2026-11-24T02:41:47Z"},
    {"XXX0:30", 1795488107, "Tue, 24 Nov 2026 02:11:47 -0030", "2026-11-24T02:41:47Z"},
    {"LINT-14", 1798761599, "Fri, 01 Jan 2027 13:59:59 +1400", "2026-12-31T23:59:59Z"},
};

static void dates_carry_their_offset(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 64);
    for (size_t i = 0; i < COUNT(rows); i++) {
        setenv("TZ", rows[i].zone, 1);
        tzset();
        buf_reset(&out);
        date_format(&out, rows[i].when);
        check_text(rows[i].zone, buf_slice(&out), rows[i].local);
        buf_reset(&out);
        date_format_iso(&out, rows[i].when);
        check_text(rows[i].zone, buf_slice(&out), rows[i].iso);
    }
    buf_clear(&out);
}

static void time_goes_on_after_2038(void **state)
{
    struct buf out;

    (void)state;
    if (sizeof(time_t) < 8)
        skip();
    setenv("TZ", "UTC0", 1);
    tzset();
    buf_init(&out, 64);
    date_format(&out, (time_t)INT64_C(2147483648));
    check_text("2038", buf_slice(&out), "Tue, 19 Jan 2038 03:14:08 +0000");
    buf_reset(&out);
    date_format_iso(&out, (time_t)INT64_C(4107542400));
    check_text("2100", buf_slice(&out), "2100-03-01T00:00:00Z");
    buf_reset(&out);
    date_format(&out, (time_t)INT64_MAX);
    check_text("beyond", buf_slice(&out), "Thu, 01 Jan 1970 00:00:00 +0000");
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_carry_their_offset),
        cmocka_unit_test(time_goes_on_after_2038),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
