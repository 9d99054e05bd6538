/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* An answer of the DNS to a question for SRV records. */

#include "base/limits.h"
#include "fuzz.h"
#include "net/srv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct srv out = {.implicit_tls = true};

    if (size > 65535 || !srv_choose(data, (int)size, &out))
        return 0;
    PROMISE(out.implicit_tls);
    PROMISE(out.port > 0 && out.port <= 65535);
    PROMISE(memchr(out.host, '\0', sizeof out.host) && *out.host);
    /* It goes into a file and onto a terminal. */
    for (const char *c = out.host; *c; c++)
        PROMISE(ascii_is_alpha(*c) || ascii_is_digit(*c) || strchr("-_.", *c));
    return 0;
}
