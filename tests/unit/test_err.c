/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/err.h"

static void an_error_has_kind_text_and_errno(void **state)
{
    struct err e = {.errnum = 99};

    (void)state;
    assert_false(err_set(&e, ERR_TLS, "host %s, port %d", "x", 25));
    assert_int_equal(e.kind, ERR_TLS);
    assert_int_equal(e.errnum, 0);
    assert_string_equal(e.text, "host x, port 25");
    errno = ENOENT;
    assert_false(err_os(&e, ERR_IO, "cannot open %s", "f"));
    assert_int_equal(e.kind, ERR_IO);
    assert_int_equal(e.errnum, ENOENT);
    assert_string_equal(e.text, "cannot open f: No such file or directory");
}

static void context_goes_in_front_and_the_kind_stays(void **state)
{
    struct err e;

    (void)state;
    err_set(&e, ERR_AUTH, "no");
    assert_false(err_wrap(&e, "account %s", "a"));
    assert_false(err_wrap(&e, "%s", e.text));
    assert_int_equal(e.kind, ERR_AUTH);
    assert_string_equal(e.text, "account a: no: account a: no");
}

static void long_texts_are_cut_and_terminated(void **state)
{
    char text[LIMIT_ERROR_TEXT * 2];
    struct err e;

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    err_set(&e, ERR_DATA, "%s", text);
    assert_int_equal(strlen(e.text), LIMIT_ERROR_TEXT - 1);
    errno = EIO;
    err_os(&e, ERR_DATA, "%s", text);
    assert_int_equal(strlen(e.text), LIMIT_ERROR_TEXT - 1);
    err_wrap(&e, "%s", text);
    assert_int_equal(strlen(e.text), LIMIT_ERROR_TEXT - 1);
    err_set(&e, ERR_DATA, "short");
    err_wrap(&e, "%s", text);
    assert_int_equal(strlen(e.text), LIMIT_ERROR_TEXT - 1);
}

static void every_kind_has_its_row(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_KINDS; i++) {
        const struct err_class *c = &err_classes[i];
        unsigned subject, detail;
        char rest;
        assert_non_null(c->name);
        assert_int_equal(sscanf(c->status, "%u.%u%c", &subject, &detail, &rest), 2);
        if (i == ERR_NONE) {
            assert_int_equal(c->exit_status, EX_OK);
            continue;
        }
        assert_in_range(c->exit_status, EX__BASE, EX__MAX);
        /* Who sees EX_TEMPFAIL tries again; nothing final may look so. */
        if (c->exit_status == EX_TEMPFAIL)
            assert_true(c->temporary);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(c->name, err_classes[j].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_kind_text_and_errno),
        cmocka_unit_test(context_goes_in_front_and_the_kind_stays),
        cmocka_unit_test(long_texts_are_cut_and_terminated),
        cmocka_unit_test(every_kind_has_its_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
