/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/option.h"

#include "check.h"

#include "account/account.h"
#include "account/section.h"

/* What everybody who derives something from the table relies on. */
static void every_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &options[i];
        bool wants_choices = o->type == OPTION_CHOICE || o->type == OPTION_CHOICES;
        bool is_counted = o->type == OPTION_NUMBER || o->type == OPTION_DURATION ||
                          o->type == OPTION_SIZE;

        check_row(o->name, o->name[strspn(o->name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == 0,
                  "a name in lower case");
        check_row(o->name, wants_choices == (o->choices != NULL), "choices where they belong");
        check_row(o->name, is_counted ? o->min <= o->max && o->max : !o->max, "a range");
        check_row(o->name, o->doc && o->doc[strlen(o->doc) - 1] == '.', "one sentence");
        check_row(o->name, !strchr(o->doc, '\n') && strlen(o->doc) < 100, "one line");
        for (size_t k = 0; k < i; k++)
            check_row(o->name, strcmp(options[k].name, o->name) != 0 &&
                               options[k].field != o->field, "once");
    }
}

/* A fallback that is no value of its option would be the user's error message. */
static void built_in_values_are_values(void **state)
{
    const struct overlay nothing = {0};
    struct account a;
    struct err e;

    (void)state;
    if (!section_merge(&nothing, &a, &e))
        fail_msg("%s", e.text);
    assert_int_equal(account_port(&a), 587);
    assert_true(a.tls_verify);
    assert_false(a.cleartext_auth);
    assert_false(a.keep_bcc);
    assert_true(account_adds(&a, "date"));
    assert_true(account_adds(&a, "message-id"));
    assert_true(account_adds(&a, "from"));
    assert_false(account_adds(&a, "to"));
    assert_string_equal(account_origin(&a, "tls").file, "built-in");
    assert_null(account_origin(&a, "user").file);
    assert_null(account_origin(&a, "no-such-option").file);
    account_clear(&a);
}

static void names_are_found_or_guessed(void **state)
{
    static const struct {
        const char *name, *near;
    } rows[] = {
        {"prot", "port"}, {"pasword", "password"}, {"password_file", "password-file"},
        {"tls_ca", "tls-ca"}, {"usre", "user"}, {"frm", "from"}, {"xyzzy", NULL}, {"", NULL},
        {"HOST", "host"},
    };
    const char *near;

    (void)state;
    for (size_t i = 0; i < option_count; i++) {
        assert_ptr_equal(option_find(options[i].name, &near), &options[i]);
        assert_null(near);
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_null(option_find(rows[i].name, &near));
        check_row(rows[i].name, !near == !rows[i].near, "guessed or not");
        if (near)
            check_text(rows[i].name, slice_of(near), rows[i].near);
    }
}

static void the_port_follows_tls(void **state)
{
    static const struct {
        int tls;
        unsigned long port;
        unsigned want;
    } rows[] = {
        {ACCOUNT_TLS_STARTTLS, 0, 587}, {ACCOUNT_TLS_IMPLICIT, 0, 465},
        {ACCOUNT_TLS_OPPORTUNISTIC, 0, 25}, {ACCOUNT_TLS_NONE, 0, 25},
        {ACCOUNT_TLS_IMPLICIT, 2465, 2465},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct account a = {.tls = rows[i].tls, .port = rows[i].port};
        assert_int_equal(account_port(&a), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(built_in_values_are_values),
        cmocka_unit_test(names_are_found_or_guessed),
        cmocka_unit_test(the_port_follows_tls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
