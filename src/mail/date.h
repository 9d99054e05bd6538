/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <time.h>

#include "base/buf.h"

/* RFC 5322 3.3 date-time in local time with its offset, English whatever the locale:
 * "Tue, 24 Nov 2026 03:41:47 +0100". */
void date_format(struct buf *out, time_t when);
/* The same in UTC, wherever we are. */
void date_format_utc(struct buf *out, time_t when);
/* RFC 3339 in UTC, for records: "2026-11-24T02:41:47Z". */
void date_format_iso(struct buf *out, time_t when);

#endif
