/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* A server's side of a login: the first octet chooses the mechanism, each line is a challenge. */

#include "base/limits.h"
#include "fuzz.h"
#include "sasl/sasl.h"

static size_t count_mechs(void)
{
    size_t n = 0;

    while (sasl_mechs[n])
        n++;
    return n;
}

/* Longer than what a search puts together by itself. */
#define PASSWORD "s3cret-that-no-server-knows"

static bool proves_the_server(const struct sasl_mech *mech)
{
    return strncmp(mech->name, "SCRAM-", 6) == 0;
}

static void converse(struct sasl *s, struct slice text)
{
    struct slice challenge = SLICE("");
    struct err e = {.kind = ERR_NONE};
    struct buf response;

    if (s->mech->flags & SASL_SERVER_FIRST)
        challenge = slice_make(text.data, slice_find(text, '\n', 0));
    for (int round = 0; round < 8; round++) {
        buf_init(&response, LIMIT_AUTH_LINE);
        bool ok = sasl_step(s, challenge, &response, &e);
        PROMISE(!response.overflow);
        buf_wipe(&response);
        if (!ok) {
            promise_err(&e);
            PROMISE(!strstr(e.text, PASSWORD));
            return;
        }
        /* Nobody without the password can sign for the server. */
        PROMISE(!s->done || !proves_the_server(s->mech));
        PROMISE(memchr(s->detail, '\0', sizeof s->detail) && !strpbrk(s->detail, "\r\n"));
        size_t end = slice_find(text, '\n', 0);
        challenge = slice_make(text.data, end);
        text = slice_from(text, end + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sasl_mech *mech = sasl_mechs[fuzz_take(&data, &size) % count_mechs()];
    struct secret secret = {0};
    struct sasl s;

    secret_set(&secret, SLICE(PASSWORD));
    struct sasl_params params = {
        .user = SLICE("ada"),
        .secret = &secret,
        .binding = {"tls-exporter", SLICE("0123456789abcdef0123456789abcdef")},
        .may_bind = true,
        .host = "smtp.example.org",
        .port = 587,
        .nonce = "rOprNGfwEbeRWgbNEkqO",
    };
    sasl_start(&s, mech, &params);
    converse(&s, fuzz_slice(data, size));
    sasl_end(&s);
    secret_clear(&secret);
    return 0;
}
