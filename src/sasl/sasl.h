/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SASL_SASL_H
#define SASL_SASL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/strings.h"

/* RFC 4422 on the client's side: bytes in, bytes out. A mechanism is one file and one row of
 * sasl_mechs, whose order is the rank for "auto". It knows neither base64 nor reply codes; the
 * protocol around it is smtp/auth. */

enum sasl_flags {
    SASL_SECRET = 1 << 0,    /* wants a password */
    SASL_REVEALS = 1 << 1,   /* who reads the exchange can log in: never in clear */
    SASL_NAMED_ONLY = 1 << 2 /* never chosen by "auto" */
};

struct sasl_params {
    struct slice user;       /* authentication identity, not empty for SASL_SECRET */
    const struct secret *secret;
};

/* A running exchange. `done`: the mechanism has seen all that it needs; a success that the server
 * declares before that proves nothing and is a failure. */
struct sasl {
    const struct sasl_mech *mech;
    struct sasl_params params;
    unsigned round;          /* messages of ours so far */
    bool done;
};

struct sasl_mech {
    const char *name;
    unsigned flags;
    /* The next message of ours, given the server's (empty for the initial response, which every
     * mechanism here has). False: what the server sent makes no sense, or the credentials cannot be
     * used with this mechanism. */
    bool (*step)(struct sasl *s, struct slice challenge, struct buf *response, struct err *e);
};

extern const struct sasl_mech *const sasl_mechs[];   /* NULL-terminated, best first */

const struct sasl_mech *sasl_find(struct slice name);      /* any case; NULL: unknown */

/* The mechanism to use: the first of `wanted` ("auto": every row that is not NAMED_ONLY, by rank)
 * that the server offers. ERR_AUTH lists both sides when there is none. */
const struct sasl_mech *sasl_choose(const struct strings *wanted, const struct strings *offered,
                                    struct err *e);

void sasl_start(struct sasl *s, const struct sasl_mech *mech, const struct sasl_params *params);
/* response is appended to; wipe it. */
bool sasl_step(struct sasl *s, struct slice challenge, struct buf *response, struct err *e);

extern const struct sasl_mech sasl_plain;
extern const struct sasl_mech sasl_login;

#endif
