/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdio.h>

#include "base/strings.h"

static void a_list_grows_and_ends_with_null(void **state)
{
    struct strings list = {0}, copy = {0};
    char text[16];

    (void)state;
    assert_false(strings_has(&list, "0"));
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "%d", i);
        strings_add_text(&list, text);
        assert_int_equal(list.count, (size_t)i + 1);
        assert_string_equal(list.items[i], text);
        assert_null(list.items[i + 1]);
    }
    strings_add(&list, slice_make("slice and more", 5));
    assert_true(strings_has(&list, "slice"));
    assert_true(strings_has(&list, "99"));
    assert_false(strings_has(&list, "100"));
    strings_add_text(&copy, "first");
    strings_copy(&copy, &list);
    strings_clear(&list);
    assert_null(list.items);
    assert_int_equal(list.count, 0);
    strings_clear(&list);
    assert_int_equal(copy.count, 102);
    assert_string_equal(copy.items[0], "first");
    assert_string_equal(copy.items[101], "slice");
    strings_clear(&copy);
}

static void the_nearest_word_is_at_most_two_letters_off(void **state)
{
    static const char *const words[] = {"password", "password-command", "port", "host", "user",
                                        "tls", "timeout", "from"};
    static const struct {
        const char *typed, *nearest;
    } rows[] = {
        {"password", "password"},
        {"pasword", "password"},
        {"passwrod", "password"},
        {"passwd", "password"},
        {"PASSWORD", "password"},
        {"password-comand", "password-command"},
        {"hots", "host"},
        {"prot", "port"},
        {"form", "from"},
        {"tsl", "tls"},
        {"usr", "user"},
        {"timout", "timeout"},
        {"xyz", NULL},
        {"", NULL},
        {"hxxt", NULL},
        {"certificate", NULL},
        {"a-very-long-word-that-nobody-would-ever-type-here", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *hit = strings_nearest(rows[i].typed, words, COUNT(words));
        check_text(rows[i].typed, slice_of(hit ? hit : "(none)"),
                   rows[i].nearest ? rows[i].nearest : "(none)");
    }
    assert_null(strings_nearest("x", words, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_grows_and_ends_with_null),
        cmocka_unit_test(the_nearest_word_is_at_most_two_letters_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
