/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/msgid.h"

#include "base/random.h"

/* Five bits in a character. */
#define RANDOM_CHARACTERS (80 / 5)

void msgid_format(struct buf *out, time_t when, const char *domain)
{
    char unique[RANDOM_CHARACTERS + 1];
    struct tm t = {0};

    gmtime_r(&when, &t);
    random_name(unique, RANDOM_CHARACTERS);
    buf_put_format(out, "<%04d%02d%02d%02d%02d%02d.%s@%s>", t.tm_year + 1900, t.tm_mon + 1,
                   t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, unique,
                   domain && *domain ? domain : "localhost");
}
