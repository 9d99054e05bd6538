/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/preset.h"

#include <string.h>

#include "account/account.h"
#include "check.h"

static void every_preset_makes_a_whole_account(void **state)
{
    struct presets presets;
    struct err e;

    (void)state;
    assert_true(presets_read(&presets, &e));
    assert_true(presets.count >= 25);
    for (size_t i = 0; i < presets.count; i++) {
        const struct preset *p = &presets.items[i];
        const struct section *sections[] = {&p->options};
        struct overlay overlay = {.sections = sections, .count = 1, .own = 0};
        struct account account;
        if (!section_merge(&overlay, &account, &e))
            fail_msg("%s: %s", p->options.name, e.text);
        assert_int_equal(account.host.count, 1);
        assert_true(account.tls == ACCOUNT_TLS_STARTTLS || account.tls == ACCOUNT_TLS_IMPLICIT);
        /* Never a port that goes with the other form of TLS. */
        assert_int_equal(account.port, account.tls == ACCOUNT_TLS_IMPLICIT ? 465 : 587);
        assert_true(account.tls_verify);
        assert_non_null(p->title);
        assert_non_null(p->url);
        account_clear(&account);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(presets.items[k].options.name, p->options.name);
    }
    presets_clear(&presets);
}

static void a_provider_is_found_by_name_and_by_domain(void **state)
{
    static const struct {
        const char *domain, *name;
    } rows[] = {
        {"gmail.com", "gmail"},     {"GoogleMail.Com", "gmail"}, {"hotmail.com", "outlook"},
        {"me.com", "icloud"},       {"fastmail.fm", "fastmail"}, {"gmx.de", "gmx"},
        {"example.org", NULL},      {"com", NULL},               {"notgmail.com", NULL},
    };
    struct presets presets;
    struct err e;

    (void)state;
    assert_true(presets_read(&presets, &e));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct preset *p = presets_find_domain(&presets, slice_of(rows[i].domain));
        if (rows[i].name)
            assert_string_equal(p->options.name, rows[i].name);
        else
            assert_null(p);
    }
    assert_string_equal(presets_find(&presets, "gmail", &e)->title, "Gmail");
    assert_null(presets_find(&presets, "gmial", &e));
    assert_non_null(strstr(e.text, "did you mean \"gmail\"?"));
    presets_clear(&presets);
}

static void faults_of_the_data_name_their_line(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"provider", "providers:1: the provider's name is missing"},
        {"account \"a\" { }", "providers:1: write provider"},
        {"provider \"a\" {\n  host = \"h\"\n", "providers:3: the name of an option is missing"},
        {"provider \"a\" {\n  hots = \"h\"\n}", "hots: is no option of a provider"},
        {"provider \"a\" {\n  from = \"h@x\"\n}", "from: is no option of a provider"},
        {"provider \"a\" {\n  port = 1\n port = 2\n}", "is there twice"},
        {"provider \"a\" {\n  wants = much\n}", "wants: there is no \"much\""},
        {"provider \"a\" {\n  port\n}", "providers:3: a '=' is missing"},
    };
    struct presets presets;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(presets_parse(&presets, slice_of(rows[i].text), &e));
        if (!strstr(e.text, rows[i].error))
            fail_msg("%s: %s", rows[i].text, e.text);
        assert_int_equal(presets.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_preset_makes_a_whole_account),
        cmocka_unit_test(a_provider_is_found_by_name_and_by_domain),
        cmocka_unit_test(faults_of_the_data_name_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
