/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "sasl_run.h"

static const struct sasl_params ada = {.user = TEXT("ada")};

static void plain_speaks_as_in_rfc_4616(void **state)
{
    static const struct round once[] = {ROUND("", "\0tim\0tanstaaftanstaaf"), END};
    static const struct round twice[] = {ROUND("", "\0ada\0p"), FAULT("more", "more than PLAIN"),
                                         END};
    static const struct round early[] = {FAULT("who are you", "more than PLAIN"), END};

    (void)state;
    sasl_run("PLAIN", (struct sasl_params){.user = TEXT("tim")}, "tanstaaftanstaaf", once, true);
    sasl_run("plain", ada, "p", twice, true);
    sasl_run("PLAIN", ada, "p", early, false);
}

static void login_answers_name_then_password(void **state)
{
    static const struct round usual[] = {ROUND("", "ada"), ROUND("Password:", "secret"), END};
    static const struct round deaf[] = {ROUND("", "ada"), ROUND("Username:", "ada"),
                                        ROUND("Password:", "secret"), END};
    static const struct round mute[] = {ROUND("", "ada"), ROUND("", "secret"), END};
    static const struct round greedy[] = {ROUND("", "ada"), ROUND("Password:", "secret"),
                                          FAULT("Password:", "more than LOGIN"), END};
    static const struct round half[] = {ROUND("", "ada"), END};

    (void)state;
    sasl_run("LOGIN", ada, "secret", usual, true);
    sasl_run("LOGIN", ada, "secret", deaf, true);
    sasl_run("LOGIN", ada, "secret", mute, true);
    sasl_run("LOGIN", ada, "secret", greedy, true);
    sasl_run("LOGIN", ada, "secret", half, false);
}

static void cram_md5_speaks_as_in_rfc_2195(void **state)
{
    static const struct round example[] = {
        ROUND("<1896.697170952@postoffice.reston.mci.net>", "tim b913a602c7eda7a495b4e6e7334d3890"),
        FAULT("<more>", "more than CRAM-MD5"),
        END,
    };
    /* A key of more than one block; computed with Python's hmac. */
    static const struct round long_key[] = {
        ROUND("<1@x>", "ada 386f82315f78ae2cbad709d59516436c"), END};
    static const struct round empty[] = {FAULT("", "empty"), END};
    char password[101] = "";

    (void)state;
    memset(password, 'k', sizeof password - 1);
    sasl_run("CRAM-MD5", (struct sasl_params){.user = TEXT("tim")}, "tanstaaftanstaaf", example,
             true);
    sasl_run("CRAM-MD5", ada, password, long_key, true);
    sasl_run("CRAM-MD5", ada, "p", empty, false);
}

static void external_gives_an_identity_or_none(void **state)
{
    static const struct round somebody[] = {ROUND("", "ada"),
                                            FAULT("more", "more than EXTERNAL"), END};
    static const struct round nobody[] = {ROUND("", ""), END};

    (void)state;
    sasl_run("EXTERNAL", ada, "", somebody, true);
    sasl_run("EXTERNAL", (struct sasl_params){.user = TEXT("")}, "", nobody, true);
}

enum { PASSWORD = 1, TOKEN = 2, CERTIFICATE = 4, BINDING = 8 };

#define EVERYTHING                                                                                 \
    "OAUTHBEARER", "XOAUTH2", "EXTERNAL", "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1",             \
        "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512",                \
        "SCRAM-SHA-512-PLUS", "DIGEST-MD5", "NTLM", "GSSAPI", "ANONYMOUS"

static const struct {
    const char *wanted[3];
    unsigned have;
    const char *offered[17];
    const char *chosen;      /* beginning with a blank: part of the error */
} choices[] = {
    {{"auto"}, PASSWORD, {"LOGIN", "PLAIN"}, "PLAIN"},
    {{"auto"}, PASSWORD, {"login"}, "LOGIN"},
    {{"auto"}, PASSWORD, {"GSSAPI", "X-PLAIN"}, " allows auto with a password"},
    {{"auto"}, PASSWORD, {NULL}, " offers nothing"},
    {{"login"}, PASSWORD, {"PLAIN", "LOGIN"}, "LOGIN"},
    {{"login", "plain"}, PASSWORD, {"PLAIN"}, "PLAIN"},
    {{"login"}, PASSWORD, {"PLAIN"}, " allows login, the server offers PLAIN"},
    /* auto: by rank, as far as there are means. */
    {{"auto"}, TOKEN | BINDING, {EVERYTHING}, "OAUTHBEARER"},
    {{"auto"}, TOKEN, {"PLAIN", "LOGIN", "XOAUTH2"}, "XOAUTH2"},
    {{"auto"}, TOKEN, {"PLAIN", "LOGIN"}, " allows auto with a token"},
    {{"auto"}, TOKEN | CERTIFICATE, {"EXTERNAL", "XOAUTH2"}, "XOAUTH2"},
    {{"auto"}, CERTIFICATE | BINDING, {EVERYTHING}, "EXTERNAL"},
    {{"auto"}, CERTIFICATE | PASSWORD, {"EXTERNAL", "PLAIN"}, "PLAIN"},
    {{"auto"}, PASSWORD, {"EXTERNAL"}, " offers EXTERNAL"},
    {{"auto"}, 0, {EVERYTHING}, " without a password or token"},
    {{"auto"}, PASSWORD | BINDING, {EVERYTHING}, "SCRAM-SHA-256-PLUS"},
    {{"auto"}, PASSWORD, {EVERYTHING}, "SCRAM-SHA-256"},
    {{"auto"}, PASSWORD | BINDING, {"SCRAM-SHA-1-PLUS", "SCRAM-SHA-256"}, "SCRAM-SHA-256"},
    {{"auto"}, PASSWORD | BINDING, {"SCRAM-SHA-512-PLUS", "SCRAM-SHA-512"},
     "SCRAM-SHA-512-PLUS"},
    {{"auto"}, PASSWORD | BINDING, {"SCRAM-SHA-512-PLUS", "SCRAM-SHA-256"}, "SCRAM-SHA-256"},
    {{"auto"}, PASSWORD, {"SCRAM-SHA-512-PLUS", "SCRAM-SHA-512", "PLAIN"}, "SCRAM-SHA-512"},
    {{"auto"}, PASSWORD, {"SCRAM-SHA-1", "SCRAM-SHA-512"}, "SCRAM-SHA-512"},
    {{"auto"}, PASSWORD | BINDING, {"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"}, "SCRAM-SHA-1-PLUS"},
    {{"auto"}, PASSWORD, {"PLAIN", "SCRAM-SHA-1"}, "SCRAM-SHA-1"},
    {{"auto"}, PASSWORD, {"SCRAM-SHA-1-PLUS", "PLAIN"}, "PLAIN"},
    {{"auto"}, PASSWORD, {"CRAM-MD5", "DIGEST-MD5", "NTLM"}, " offers CRAM-MD5"},
    {{"auto"}, PASSWORD, {"XOAUTH2", "OAUTHBEARER"}, " with a password"},
    /* By name, also what auto never takes; but nothing without the means for it. */
    {{"cram-md5"}, PASSWORD, {EVERYTHING}, "CRAM-MD5"},
    {{"external"}, 0, {EVERYTHING}, "EXTERNAL"},
    {{"external"}, PASSWORD, {EVERYTHING}, "EXTERNAL"},
    {{"scram-sha-1"}, PASSWORD | BINDING, {EVERYTHING}, "SCRAM-SHA-1"},
    {{"scram-sha-256-plus"}, PASSWORD, {EVERYTHING}, " SCRAM-SHA-256-PLUS wants a channel"},
    {{"scram-sha-256-plus", "scram-sha-256"}, PASSWORD, {EVERYTHING}, "SCRAM-SHA-256"},
    {{"xoauth2"}, PASSWORD, {EVERYTHING}, " XOAUTH2 wants token-command"},
    {{"plain"}, TOKEN, {EVERYTHING}, " PLAIN wants a password"},
    {{"xoauth2", "plain"}, PASSWORD, {EVERYTHING}, "PLAIN"},
};

static void choice_follows_rank_wish_and_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(choices); i++) {
        struct strings wanted = {0}, offered = {0};
        struct err e = {.kind = ERR_NONE};

        for (size_t j = 0; j < 3 && choices[i].wanted[j]; j++)
            strings_add_text(&wanted, choices[i].wanted[j]);
        for (size_t j = 0; j < 17 && choices[i].offered[j]; j++)
            strings_add_text(&offered, choices[i].offered[j]);
        struct sasl_wish wish = {
            .wanted = &wanted,
            .offered = &offered,
            .has_password = choices[i].have & PASSWORD,
            .has_token = choices[i].have & TOKEN,
            .has_certificate = choices[i].have & CERTIFICATE,
            .can_bind = choices[i].have & BINDING,
        };
        const struct sasl_mech *mech = sasl_choose(&wish, &e);
        if (!mech)
            assert_int_equal(e.kind, ERR_AUTH);
        if (choices[i].chosen[0] == ' ')
            check_contains(choices[i].wanted[0], mech ? mech->name : e.text, choices[i].chosen + 1);
        else
            check_text(choices[i].wanted[0], slice_of(mech ? mech->name : e.text),
                       choices[i].chosen);
        strings_clear(&wanted);
        strings_clear(&offered);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_speaks_as_in_rfc_4616),
        cmocka_unit_test(login_answers_name_then_password),
        cmocka_unit_test(cram_md5_speaks_as_in_rfc_2195),
        cmocka_unit_test(external_gives_an_identity_or_none),
        cmocka_unit_test(choice_follows_rank_wish_and_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
