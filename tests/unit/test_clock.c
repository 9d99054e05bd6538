/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <limits.h>

#include "base/clock.h"

static void deadlines_are_instants(void **state)
{
    struct deadline never = deadline_never(), soon = deadline_in(5000), past = deadline_in(0);

    (void)state;
    assert_false(deadline_is_past(never));
    assert_int_equal(deadline_poll(never), -1);
    assert_false(deadline_is_past(soon));
    assert_in_range(deadline_poll(soon), 1, 5000);
    assert_true(deadline_is_past(past));
    assert_int_equal(deadline_poll(past), 0);
    assert_true(deadline_is_past(deadline_in(-1)));
    assert_int_equal(deadline_poll(deadline_in(-1)), 0);
    assert_true(deadline_earlier(never, soon).at == soon.at);
    assert_true(deadline_earlier(past, soon).at == past.at);
    /* A year is more than poll can count. */
    assert_int_equal(deadline_poll(deadline_in(INT64_C(365) * 24 * 3600 * 1000)), INT_MAX);
    /* Less than a millisecond is rounded up: poll(0) would spin. */
    assert_int_equal(deadline_poll((struct deadline){clock_monotonic() + 500000}), 1);
}

static void monotonic_time_does_not_go_back(void **state)
{
    int64_t before = clock_monotonic();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic();
        assert_true(now >= before);
        before = now;
    }
}

static void wall_time_can_be_fixed_and_released(void **state)
{
    (void)state;
    clock_fix(1795488107);
    assert_int_equal(clock_wall(), 1795488107);
    assert_int_equal(clock_wall(), 1795488107);
    clock_fix(0);
    time_t now = time(NULL);
    assert_true(clock_wall() - now <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines_are_instants),
        cmocka_unit_test(monotonic_time_does_not_go_back),
        cmocka_unit_test(wall_time_can_be_fixed_and_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
