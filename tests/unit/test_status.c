/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdio.h>

#include "mail/status.h"

static void reads_a_status_at_the_start_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        const char *again;
        size_t used;
    } rows[] = {
        {"5.7.8", true, "5.7.8", 5},
        {"2.0.0 ok", true, "2.0.0", 5},
        {"4.99.123\tx", true, "4.99.123", 8},
        {"5.999.999 x", true, "5.999.999", 9},
        {"5.01.00 x", true, "5.1.0", 7},
        {"", false, NULL, 0},
        {"5", false, NULL, 0},
        {"5.", false, NULL, 0},
        {"5.7", false, NULL, 0},
        {"5.7.", false, NULL, 0},
        {"5.7.x", false, NULL, 0},
        {"5.7.8x", false, NULL, 0},
        {"5.7.8.9", false, NULL, 0},
        {"5.7.1234", false, NULL, 0},
        {"5.1234.1", false, NULL, 0},
        {"5..1", false, NULL, 0},
        {"5 7 8", false, NULL, 0},
        {"3.7.8", false, NULL, 0},
        {"1.7.8", false, NULL, 0},
        {"0.0.0", false, NULL, 0},
        {"55.7.8", false, NULL, 0},
        {"05.7.8", false, NULL, 0},
        {" 5.7.8", false, NULL, 0},
        {"-5.7.8", false, NULL, 0},
        {"x5.7.8", false, NULL, 0},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 64);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct status status = {9, 9, 9};
        size_t used = 99;
        bool ok = status_parse(slice_of(rows[i].text), &status, &used);
        check_row(rows[i].text, ok == rows[i].ok, "read or not");
        if (!ok) {
            assert_true(status.klass == 9 && used == 99);
            continue;
        }
        assert_int_equal(used, rows[i].used);
        buf_reset(&out);
        status_format(&out, status);
        check_text(rows[i].text, buf_slice(&out), rows[i].again);
    }
    buf_reset(&out);
    status_format(&out, (struct status){0});
    assert_int_equal(out.len, 0);
    buf_clear(&out);
}

static void a_failure_of_ours_is_deferred_or_refused_after_its_kind(void **state)
{
    struct buf status;

    (void)state;
    buf_init(&status, 16);
    for (int kind = ERR_NONE + 1; kind < ERR_KINDS; kind++) {
        const struct err_class *class = &err_classes[kind];
        struct outcome o = {.verdict = VERDICT_DELIVERED};
        char want[16];
        struct err e;
        err_set(&e, (enum err_kind)kind, "words of %s", class->name);
        outcome_from_err(&o, &e, "STEP");
        assert_int_equal(o.verdict, class->temporary ? VERDICT_DEFERRED : VERDICT_REFUSED);
        assert_int_equal(o.kind, kind);
        assert_false(o.by_server);
        assert_int_equal(o.code, 0);
        assert_string_equal(o.step, "STEP");
        assert_string_equal(o.text, e.text);
        snprintf(want, sizeof want, "%d.%s", class->temporary ? 4 : 5, class->status);
        buf_reset(&status);
        status_format(&status, o.status);
        check_text(class->name, buf_slice(&status), want);
        outcome_clear(&o);
    }
    buf_clear(&status);
}

static void a_copy_is_a_copy(void **state)
{
    struct outcome a = {.verdict = VERDICT_REFUSED, .code = 550, .status = {5, 1, 1}};
    struct outcome b;
    struct err e;

    (void)state;
    outcome_copy(&b, &a);
    assert_null(b.text);
    err_set(&e, ERR_AUTH, "no");
    outcome_from_err(&a, &e, NULL);
    outcome_copy(&b, &a);
    outcome_clear(&a);
    assert_null(a.text);
    assert_int_equal(a.verdict, VERDICT_NONE);
    assert_string_equal(b.text, "no");
    outcome_clear(&b);
    outcome_clear(&b);
}

static void verdicts_are_ordered_by_badness(void **state)
{
    static const enum verdict order[] = {VERDICT_DELIVERED, VERDICT_NONE, VERDICT_DEFERRED,
                                         VERDICT_IN_DOUBT, VERDICT_REFUSED};
    (void)state;
    for (size_t i = 0; i < COUNT(order); i++)
        for (size_t j = 0; j < COUNT(order); j++) {
            struct outcome a = {.verdict = order[i]}, b = {.verdict = order[j]};
            assert_int_equal(outcome_is_worse(&a, &b), i > j);
        }
}

static void every_verdict_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = VERDICT_NONE; i <= VERDICT_IN_DOUBT; i++)
        for (int j = VERDICT_NONE; j < i; j++)
            assert_string_not_equal(verdict_name((enum verdict)i), verdict_name((enum verdict)j));
    assert_string_equal(verdict_name(VERDICT_DELIVERED), "delivered");
    assert_string_equal(verdict_name(VERDICT_DEFERRED), "deferred");
    assert_string_equal(verdict_name(VERDICT_REFUSED), "refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_status_at_the_start_and_nothing_else),
        cmocka_unit_test(a_failure_of_ours_is_deferred_or_refused_after_its_kind),
        cmocka_unit_test(a_copy_is_a_copy),
        cmocka_unit_test(verdicts_are_ordered_by_badness),
        cmocka_unit_test(every_verdict_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
