/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef RELAY_HINT_H
#define RELAY_HINT_H

#include <stddef.h>

#include "mail/status.h"

/* What to do about a refusal or failure that many people meet: a data table from server, reply and
 * words to one sentence. The first row that fits counts, so specific ones stand above general ones.
 * To add a row: the row, and an example in tests/unit/test_hint.c, which wants one for each. */

struct hint {
    const char *server;      /* part of "host:port" or of the words; ":25": the port; "": any */
    unsigned code;           /* reply code, 0: any and none */
    const char *words;       /* part of what was said; "": any */
    enum err_kind kind;      /* of the outcome; ERR_NONE: any */
    const char *text;        /* not yet in the person's language */
    /* `server` and `words` are without regard to case, and may be alternatives: "one|two". */
};

extern const struct hint hints[];
extern const size_t hint_count;

/* In place of the server, when mail is handed over to this machine's own service. */
#define HINT_SERVICE "(service)"

/* `server` is "host:port" or a socket's path. NULL: nothing better is known than the words of the
 * outcome itself. In English: see base/say.h. */
const char *hint_find(const char *server, const struct outcome *o);

#endif
