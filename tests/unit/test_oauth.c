/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "sasl_run.h"

static const struct sasl_params user = {
    .user = TEXT("user@example.com"), .host = "server.example.com", .port = 143};

/* RFC 7628 4.1 */
static void oauthbearer_speaks_as_in_rfc_7628(void **state)
{
    static const struct round rounds[] = {
        ROUND("", "n,a=user@example.com,\001host=server.example.com\001port=143\001auth=Bearer "
                  "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\001\001"),
        END,
    };
    static const struct round escaped[] = {
        ROUND("", "n,a=a=3Db=2Cc,\001auth=Bearer t\001\001"),
        END,
    };

    (void)state;
    sasl_run("OAUTHBEARER", user, "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", rounds, true);
    sasl_run("OAUTHBEARER", (struct sasl_params){.user = TEXT("a=b,c")}, "t", escaped, true);
}

/* The example of Google's page on XOAUTH2. */
static void xoauth2_speaks_as_google_has_it(void **state)
{
    static const struct round rounds[] = {
        ROUND("", "user=user@example.com\001auth=Bearer "
                  "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\001\001"),
        END,
    };

    (void)state;
    sasl_run("XOAUTH2", user, "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg", rounds, true);
}

/* RFC 7628 3.2.3 */
static void reasons_are_heard_once_and_answered(void **state)
{
    static const struct round bearer[] = {
        ROUND("", "n,a=user@example.com,\001host=server.example.com\001port=143\001auth=Bearer t"
                  "\001\001"),
        ROUND("{\"status\":\"invalid_token\"}", "\001"),
        FAULT("{\"status\":\"again\"}", "more than OAUTHBEARER"),
        END,
    };
    static const struct round xoauth2[] = {
        ROUND("", "user=user@example.com\001auth=Bearer t\001\001"),
        ROUND("{\"status\":\"401\"}", ""),
        FAULT("", "more than XOAUTH2"),
        END,
    };

    (void)state;
    sasl_run("OAUTHBEARER", user, "t", bearer, false);
    sasl_run("XOAUTH2", user, "t", xoauth2, false);
}

static void the_reason_becomes_one_line(void **state)
{
    static const struct {
        struct slice challenge;
        const char *detail;
    } rows[] = {
        {TEXT("{\"status\":\"401\"}"), "{\"status\":\"401\"}"},
        {TEXT("  {\r\n\t\"status\" :  \"401\"\n}\n"), "{ \"status\" : \"401\" }"},
        {TEXT("a\0b"), "a?b"},
        {TEXT(""), ""},
        {TEXT(" \n"), ""},
    };
    struct sasl s = {0};
    char longest[3000];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        sasl_keep_detail(&s, rows[i].challenge);
        check_text(rows[i].challenge.data, slice_of(s.detail), rows[i].detail);
    }
    for (size_t i = 0; i < sizeof longest; i++)
        longest[i] = i % 2 ? ' ' : 'x';
    sasl_keep_detail(&s, slice_make(longest, sizeof longest));
    assert_in_range(strlen(s.detail), SASL_DETAIL_MAX - 3, SASL_DETAIL_MAX - 1);
}

static void control_characters_are_refused(void **state)
{
    static const struct round token[] = {FAULT("", "token"), END};
    static const struct round name[] = {FAULT("", "user"), END};

    (void)state;
    sasl_run("XOAUTH2", user, "t\001auth=Bearer x", token, false);
    sasl_run("OAUTHBEARER", user, "t\x7f", token, false);
    sasl_run("XOAUTH2", (struct sasl_params){.user = TEXT("a\001b")}, "t", name, false);
    sasl_run("OAUTHBEARER", (struct sasl_params){.user = TEXT("a\001b")}, "t", name, false);
}

/* Of any length: what carries it has its own bound, which is far beyond. */
static void a_token_of_16_kib_fits(void **state)
{
    static char token[16 * 1024 + 1];
    struct secret secret = {0};
    struct sasl_params params = user;
    struct sasl s;
    struct buf response;
    struct err e;

    (void)state;
    memset(token, 't', sizeof token - 1);
    secret_set(&secret, slice_of(token));
    params.secret = &secret;
    buf_init(&response, LIMIT_AUTH_LINE);
    sasl_start(&s, &sasl_xoauth2, &params);
    assert_true(sasl_step(&s, SLICE(""), &response, &e));
    assert_true(response.len > sizeof token);
    sasl_end(&s);
    buf_wipe(&response);
    secret_clear(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oauthbearer_speaks_as_in_rfc_7628),
        cmocka_unit_test(xoauth2_speaks_as_google_has_it),
        cmocka_unit_test(reasons_are_heard_once_and_answered),
        cmocka_unit_test(the_reason_becomes_one_line),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(a_token_of_16_kib_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
