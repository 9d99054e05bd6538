/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#ifndef UNIT_SASL_RUN_H
#define UNIT_SASL_RUN_H

/* A whole SASL exchange as a table: what the server says and what must be answered. */

#include "check.h"

#include "sasl/sasl.h"

struct round {
    struct slice challenge;
    struct slice response;
    const char *fault;       /* not NULL: the step must fail, and its error say this */
    enum err_kind kind;      /* of the error; ERR_NONE: not looked at */
};

#define ROUND(challenge, response) {TEXT(challenge), TEXT(response), NULL, ERR_NONE}
#define END {{NULL, 0}, {NULL, 0}, NULL, ERR_NONE}
#define FAULT(challenge, fault) {TEXT(challenge), TEXT(""), fault, ERR_NONE}

static inline void sasl_round(struct sasl *s, const struct round *round)
{
    struct buf response;
    struct err e;

    buf_init(&response, LIMIT_AUTH_LINE);
    bool ok = sasl_step(s, round->challenge, &response, &e);
    if (!ok && !round->fault)
        fail_msg("%s: \"%.*s\" is refused: %s", s->mech->name, (int)round->challenge.len,
                 round->challenge.data, e.text);
    if (ok && round->fault)
        fail_msg("%s: \"%.*s\" is taken", s->mech->name, (int)round->challenge.len,
                 round->challenge.data);
    if (ok)
        check_slice(round->challenge, buf_slice(&response), round->response);
    else
        check_contains(round->challenge.data, e.text, round->fault);
    if (!ok && round->kind != ERR_NONE)
        assert_int_equal(e.kind, round->kind);
    buf_wipe(&response);
}

/* params.secret is made of `secret`. `done`: whether a success is earned at the end. */
static inline void sasl_run(const char *mech, struct sasl_params params, const char *secret,
                            const struct round *rounds, bool done)
{
    const struct sasl_mech *found = sasl_find(slice_of(mech));
    struct secret bytes = {0};
    struct sasl s;

    assert_non_null(found);
    secret_set(&bytes, slice_of(secret));
    params.secret = &bytes;
    sasl_start(&s, found, &params);
    for (; rounds->challenge.data; rounds++)
        sasl_round(&s, rounds);
    check_row(mech, s.done == done, done ? "done" : "not done");
    sasl_end(&s);
    secret_clear(&bytes);
}

#endif
