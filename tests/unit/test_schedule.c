/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include "queue/schedule.h"

#define DAY 86400
#define NOW 1800000000

static void a_pause_doubles_up_to_an_hour(void **state)
{
    static const struct {
        unsigned long first, tries, low, high;
    } rows[] = {
        {60, 0, 53, 68},        {60, 1, 53, 68},        {60, 2, 105, 135},
        {60, 3, 210, 270},      {60, 6, 1680, 2160},    {60, 7, 3150, 4050},
        {60, 8, 3150, 4050},    {60, 1000000000, 3150, 4050},
        {1, 1, 1, 1},           {0, 1, 1, 1},           {1, 2, 2, 2},
        {7200, 1, 3150, 4050},
    };
    uint32_t dice = 1;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int j = 0; j < 1000; j++) {
            check_random(&dice, 2);
            unsigned long pause = schedule_pause(rows[i].first, (unsigned long)rows[i].tries, dice);
            assert_in_range(pause, rows[i].low, rows[i].high);
        }
}

static void pauses_are_spread(void **state)
{
    bool seen[4100] = {false};
    size_t different = 0;

    (void)state;
    for (uint32_t dice = 0; dice < 5000; dice++) {
        unsigned long pause = schedule_pause(60, 20, dice);
        different += !seen[pause];
        seen[pause] = true;
    }
    assert_true(different > 800);
}

static void a_clock_that_was_set_freezes_nothing(void **state)
{
    static const struct {
        const char *what;
        time_t next, last, now;
        unsigned long wait;
    } rows[] = {
        {"never tried", 0, NOW, NOW, 0},
        {"a minute to go", NOW + 60, NOW, NOW, 60},
        {"a second to go", NOW + 60, NOW, NOW + 59, 1},
        {"just now", NOW + 60, NOW, NOW + 60, 0},
        {"long ago", NOW + 60, NOW, NOW + DAY, 0},
        {"the clock went back behind the last try", NOW + 60, NOW, NOW - 1, 0},
        {"the clock went back by years", NOW + 60, NOW, 1000, 0},
        {"the last try was under a clock far ahead", NOW + 400 * DAY, NOW + 399 * DAY, NOW, 0},
        {"next is later than any pause", NOW + DAY, NOW, NOW, 0},
        {"the longest pause", NOW + 4050, NOW, NOW, 4050},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned long wait = schedule_wait(rows[i].next, rows[i].last, rows[i].now);
        check_row(rows[i].what, wait == rows[i].wait, "the wait");
        check_row(rows[i].what, schedule_is_due(rows[i].next, rows[i].last, rows[i].now) == !wait,
                  "due when there is nothing to wait for");
    }
}

static void a_message_has_its_turn(void **state)
{
    static const struct {
        const char *what;
        enum schedule_case which;
        struct schedule_times message, account;
        unsigned long wait;
    } rows[] = {
        {"new, all is well", SCHEDULE_NEW, {NOW, 0}, {0, 0}, 0},
        {"new, the account has just failed", SCHEDULE_NEW, {NOW, 0}, {NOW, NOW + 600}, 10},
        {"new, it failed a while ago", SCHEDULE_NEW, {NOW, 0}, {NOW - 10, NOW + 600}, 0},
        {"new, it is due before that", SCHEDULE_NEW, {NOW, 0}, {NOW - 5, NOW + 3}, 3},
        {"put off", SCHEDULE_PUT_OFF, {NOW, NOW + 60}, {0, 0}, 60},
        {"put off, and due", SCHEDULE_PUT_OFF, {NOW - 60, NOW}, {0, 0}, 0},
        {"put off, the account rests longer", SCHEDULE_PUT_OFF, {NOW, NOW + 60}, {NOW, NOW + 600},
         600},
        {"put off for longer than the account", SCHEDULE_PUT_OFF, {NOW, NOW + 600},
         {NOW, NOW + 60}, 600},
        {"waits for the account", SCHEDULE_WITH_ACCOUNT, {NOW, NOW + 60}, {NOW, NOW + 600}, 600},
        {"the account works again", SCHEDULE_WITH_ACCOUNT, {NOW, NOW + 60}, {0, 0}, 0},
        {"the clock went back behind both", SCHEDULE_PUT_OFF, {NOW + DAY, NOW + DAY + 60},
         {NOW + DAY, NOW + DAY + 60}, 0},
        {"the account failed under a clock far ahead", SCHEDULE_WITH_ACCOUNT, {NOW, NOW + 60},
         {NOW + 365 * DAY, NOW + 365 * DAY + 60}, 0},
        {"new, under that clock", SCHEDULE_NEW, {NOW, 0},
         {NOW + 365 * DAY, NOW + 365 * DAY + 60}, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(rows[i].what,
                  schedule_turn(rows[i].which, &rows[i].message, &rows[i].account, NOW) ==
                      rows[i].wait, "the wait");
}

static void no_leap_uses_up_a_lifetime(void **state)
{
    static const struct {
        const char *what;
        unsigned long age;
        time_t last, now;
        unsigned long result;
    } rows[] = {
        {"no time", 0, NOW, NOW, 0},
        {"an hour", 0, NOW, NOW + 3600, 3600},
        {"an hour more", 7200, NOW, NOW + 3600, 10800},
        {"back", 7200, NOW, NOW - 3600, 7200},
        {"back by years", 7200, NOW, 0, 7200},
        {"a leap of a year counts a day", 7200, NOW, NOW + 365 * DAY, 7200 + DAY},
        {"from 1970", 0, 0, NOW, DAY},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(rows[i].what,
                  schedule_age(rows[i].age, rows[i].last, rows[i].now) == rows[i].result,
                  "the age");
    assert_false(schedule_is_over(5 * DAY - 1, 5 * DAY));
    assert_true(schedule_is_over(5 * DAY, 5 * DAY));
    assert_true(schedule_is_over(0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_doubles_up_to_an_hour),
        cmocka_unit_test(pauses_are_spread),
        cmocka_unit_test(a_clock_that_was_set_freezes_nothing),
        cmocka_unit_test(a_message_has_its_turn),
        cmocka_unit_test(no_leap_uses_up_a_lifetime),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
