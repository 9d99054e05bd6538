/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef SASL_SASL_H
#define SASL_SASL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/strings.h"

/* RFC 4422 on the client's side: bytes in, bytes out. A mechanism is one row of sasl_mechs, whose
 * order is the rank for "auto", and one file for each family. It knows neither base64 nor reply
 * codes; the protocol around it is smtp/auth. */

enum sasl_flags {
    SASL_PASSWORD = 1 << 0,      /* wants a password */
    SASL_TOKEN = 1 << 1,         /* wants an access token (RFC 6750) */
    SASL_CERTIFICATE = 1 << 2,   /* wants neither: who we are was told outside, as by TLS */
    SASL_REVEALS = 1 << 3,       /* who reads the exchange can log in: never in clear */
    SASL_NAMED_ONLY = 1 << 4,    /* never chosen by "auto" */
    SASL_BINDS = 1 << 5,         /* wants a channel binding (RFC 5056) */
    SASL_SERVER_FIRST = 1 << 6   /* the server speaks first: there is no initial response */
};

/* RFC 5056: what ties a login to the TLS session that it takes place in. */
struct sasl_binding {
    const char *type;        /* "tls-exporter" ...; NULL: none */
    struct slice data;
};

/* Everything is borrowed and must outlive the exchange. */
struct sasl_params {
    struct slice user;       /* authentication identity; empty only with SASL_CERTIFICATE */
    const struct secret *secret;         /* password or token */
    struct sasl_binding binding;
    bool may_bind;           /* we could bind, but the server does not offer to (RFC 5802 6) */
    const char *host;        /* for OAUTHBEARER; NULL: not said */
    unsigned port;
    const char *nonce;       /* NULL: a fresh one, as it must be outside of tests */
};

#define SASL_DETAIL_MAX 400

/* A running exchange. `done`: the mechanism has seen all that it needs, which for SCRAM is the
 * server's own proof; a success that the server declares before that proves nothing and is a
 * failure. */
struct sasl {
    const struct sasl_mech *mech;
    struct sasl_params params;
    unsigned round;          /* messages of ours so far */
    bool done;
    struct buf memory;       /* what the mechanism keeps from one message to the next */
    char detail[SASL_DETAIL_MAX];    /* the server's own reason for a failure; may be empty */
};

struct sasl_mech {
    const char *name;
    unsigned flags;
    /* The next message of ours, given the server's (empty for the initial response). False: what
     * the server sent makes no sense or proves the server wrong, or the credentials cannot be used
     * with this mechanism. */
    bool (*step)(struct sasl *s, struct slice challenge, struct buf *response, struct err *e);
    int hash;                /* enum hash of base/digest, where the family has several */
};

extern const struct sasl_mech *const sasl_mechs[];   /* NULL-terminated, best first */

const struct sasl_mech *sasl_find(struct slice name);      /* any case; NULL: unknown */

/* What there is to log in with. */
struct sasl_wish {
    const struct strings *wanted;    /* names in order of preference, or "auto" */
    const struct strings *offered;   /* by the server */
    bool has_password, has_token, has_certificate;
    bool can_bind;
};

/* The mechanism to use: the first one wanted that the server offers and that there is a credential
 * for. "auto" is, by rank: with a token the mechanisms for tokens; with a password those for
 * passwords that are not NAMED_ONLY; with a certificate and neither, EXTERNAL. ERR_AUTH says what
 * stood in the way of the last candidate, or lists both sides. */
const struct sasl_mech *sasl_choose(const struct sasl_wish *wish, struct err *e);

/* Does the server offer the mechanism of this name? */
bool sasl_is_offered(const struct strings *offered, const char *name);

/* sasl_end wipes what the exchange held. */
void sasl_start(struct sasl *s, const struct sasl_mech *mech, const struct sasl_params *params);
void sasl_end(struct sasl *s);
/* response is appended to; wipe it. */
bool sasl_step(struct sasl *s, struct slice challenge, struct buf *response, struct err *e);

/* For mechanisms: keep the server's own words on why it refuses, fit for one line. */
void sasl_keep_detail(struct sasl *s, struct slice words);

extern const struct sasl_mech sasl_scram_sha_256_plus, sasl_scram_sha_256;
extern const struct sasl_mech sasl_scram_sha_512_plus, sasl_scram_sha_512;
extern const struct sasl_mech sasl_scram_sha_1_plus, sasl_scram_sha_1;
extern const struct sasl_mech sasl_oauthbearer, sasl_xoauth2;
extern const struct sasl_mech sasl_external;
extern const struct sasl_mech sasl_plain;
extern const struct sasl_mech sasl_login;
extern const struct sasl_mech sasl_cram_md5;

#endif
