/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "sasl/sasl.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A whole exchange: challenges of the server and what must be answered. */
struct round {
    const char *challenge;
    const char *response;    /* NULL: the mechanism must refuse the challenge */
    size_t len;
};

static void run(const char *mech, const char *user, const char *password,
                const struct round *rounds, size_t count, bool done)
{
    struct secret secret = {0};
    struct sasl s;
    struct err e;

    secret_set(&secret, slice_of(password));
    struct sasl_params params = {.user = slice_of(user), .secret = &secret};
    const struct sasl_mech *found = sasl_find(slice_of(mech));
    assert_non_null(found);
    sasl_start(&s, found, &params);
    for (size_t i = 0; i < count; i++) {
        struct buf response;
        buf_init(&response, 1000);
        bool ok = sasl_step(&s, slice_of(rounds[i].challenge), &response, &e);
        assert_int_equal(ok, rounds[i].response != NULL);
        if (ok)
            assert_true(slice_eq(buf_slice(&response),
                                 slice_make(rounds[i].response, rounds[i].len)));
        buf_wipe(&response);
    }
    assert_int_equal(s.done, done);
    secret_clear(&secret);
}

#define ROUND(challenge, response) {challenge, response, sizeof(response) - 1}
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void plain_speaks_as_in_rfc_4616(void **state)
{
    static const struct round once[] = {ROUND("", "\0tim\0tanstaaftanstaaf")};
    static const struct round twice[] = {ROUND("", "\0u\0p"), {"more", NULL, 0}};
    static const struct round early[] = {{"who are you", NULL, 0}};

    (void)state;
    run("PLAIN", "tim", "tanstaaftanstaaf", once, COUNT(once), true);
    run("plain", "u", "p", twice, COUNT(twice), true);
    run("PLAIN", "u", "p", early, COUNT(early), false);
}

static void login_answers_name_then_password(void **state)
{
    static const struct round usual[] = {ROUND("", "ada"), ROUND("Password:", "secret")};
    static const struct round deaf[] = {ROUND("", "ada"), ROUND("Username:", "ada"),
                                        ROUND("Password:", "secret")};
    static const struct round mute[] = {ROUND("", "ada"), ROUND("", "secret")};
    static const struct round greedy[] = {ROUND("", "ada"), ROUND("Password:", "secret"),
                                          {"Password:", NULL, 0}};
    static const struct round half[] = {ROUND("", "ada")};

    (void)state;
    run("LOGIN", "ada", "secret", usual, COUNT(usual), true);
    run("LOGIN", "ada", "secret", deaf, COUNT(deaf), true);
    run("LOGIN", "ada", "secret", mute, COUNT(mute), true);
    run("LOGIN", "ada", "secret", greedy, COUNT(greedy), true);
    run("LOGIN", "ada", "secret", half, COUNT(half), false);
}

static void choice_follows_rank_and_wish(void **state)
{
    static const struct {
        const char *wanted[3];
        const char *offered[4];
        const char *chosen;      /* NULL: none */
    } rows[] = {
        {{"auto"}, {"LOGIN", "PLAIN"}, "PLAIN"},
        {{"auto"}, {"login"}, "LOGIN"},
        {{"auto"}, {"GSSAPI", "X-PLAIN"}, NULL},
        {{"auto"}, {NULL}, NULL},
        {{"login"}, {"PLAIN", "LOGIN"}, "LOGIN"},
        {{"login", "plain"}, {"PLAIN"}, "PLAIN"},
        {{"login"}, {"PLAIN"}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct strings wanted = {0}, offered = {0};
        struct err e = {.kind = ERR_NONE};

        for (size_t j = 0; j < 3 && rows[i].wanted[j]; j++)
            strings_add_text(&wanted, rows[i].wanted[j]);
        for (size_t j = 0; j < 4 && rows[i].offered[j]; j++)
            strings_add_text(&offered, rows[i].offered[j]);
        const struct sasl_mech *mech = sasl_choose(&wanted, &offered, &e);
        if (rows[i].chosen)
            assert_string_equal(mech ? mech->name : "none", rows[i].chosen);
        else
            assert_int_equal(e.kind, ERR_AUTH);
        strings_clear(&wanted);
        strings_clear(&offered);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_speaks_as_in_rfc_4616),
        cmocka_unit_test(login_answers_name_then_password),
        cmocka_unit_test(choice_follows_rank_and_wish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
