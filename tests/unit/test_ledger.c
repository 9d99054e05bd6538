/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include "cmd/ledger.h"

#define SECOND ((int64_t)1000 * 1000 * 1000)

static const struct patron_id ada = {true, 1000}, bob = {true, 1001}, root = {true, 0}, tcp = {0};

static const struct {
    const char *text;
    bool ok;
    uint64_t sessions, octets, rate;
} settings[] = {
    {"sessions=7", true, 7, 1, 1},
    {"octets=3K", true, 1, 3072, 1},
    {"octets=2m", true, 1, 2097152, 1},
    {"octets=4G", true, 1, 4294967296, 1},
    {"rate=0", true, 1, 1, 0},
    {"rate=", false, 1, 1, 1},
    {"rate", false, 1, 1, 1},
    {"rate=-1", false, 1, 1, 1},
    {"rate=1x", false, 1, 1, 1},
    {"rate=K", false, 1, 1, 1},
    {"rate=9999999999", false, 1, 1, 1},
    {"Rate=1", false, 1, 1, 1},
    {"=1", false, 1, 1, 1},
    {"", false, 1, 1, 1},
};

static void test_settings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(settings); i++) {
        struct limits l = {1, 1, 1, 1, 1, 1};
        struct err e;
        check_row(settings[i].text, limits_set(&l, settings[i].text, &e) == settings[i].ok, "ok");
        check_row(settings[i].text, l.sessions == settings[i].sessions, "sessions");
        check_row(settings[i].text, l.octets == settings[i].octets, "octets");
        check_row(settings[i].text, l.rate == settings[i].rate, "rate");
    }
}

static void test_defaults(void **state)
{
    struct limits l;

    (void)state;
    limits_init(&l);
    assert_true(l.connections && l.sessions && l.messages && l.octets && l.rate && l.size);
    assert_true(l.sessions < l.connections && l.size < l.octets);
}

static void test_sessions(void **state)
{
    const struct limits limits = {.connections = 4, .sessions = 2};
    struct booking none = {0};
    struct ledger l;

    (void)state;
    ledger_init(&l, &limits);
    assert_int_equal(ledger_enter(&l, ada, 0), LEDGER_YES);
    assert_int_equal(ledger_enter(&l, ada, 0), LEDGER_YES);
    assert_int_equal(ledger_enter(&l, ada, 0), LEDGER_SESSIONS);
    assert_int_equal(ledger_enter(&l, tcp, 0), LEDGER_YES);
    assert_int_equal(ledger_enter(&l, bob, 0), LEDGER_YES);
    assert_int_equal(ledger_enter(&l, bob, 0), LEDGER_CONNECTIONS);
    assert_int_equal(ledger_enter(&l, root, 0), LEDGER_YES);
    ledger_leave(&l, root, &none);
    ledger_leave(&l, ada, &none);
    assert_int_equal(ledger_enter(&l, ada, 0), LEDGER_YES);
    assert_int_equal(ledger_enter(&l, ada, 0), LEDGER_CONNECTIONS);
    ledger_clear(&l);
}

static void test_waiting(void **state)
{
    const struct limits limits = {.messages = 2, .octets = 100};
    struct booking a = {0}, b = {0}, c = {0};
    struct ledger l;

    (void)state;
    ledger_init(&l, &limits);
    /* What comes in counts as what waits. */
    assert_int_equal(ledger_book(&l, ada, &a, 0, 0), LEDGER_YES);
    assert_int_equal(ledger_book(&l, ada, &b, 60, 0), LEDGER_YES);
    assert_int_equal(ledger_book(&l, ada, &c, 0, 0), LEDGER_MESSAGES);
    assert_false(c.is_open);
    assert_int_equal(ledger_book(&l, ada, &a, 41, 0), LEDGER_OCTETS);
    assert_int_equal(ledger_book(&l, ada, &a, 40, 0), LEDGER_YES);
    assert_int_equal(ledger_book(&l, ada, &a, 10, 0), LEDGER_YES);
    assert_int_equal(a.octets, 40);
    assert_int_equal(ledger_book(&l, bob, &c, 100, 0), LEDGER_YES);
    ledger_cancel(&l, bob, &c);
    /* Kept with less than was booked, and dropped. */
    ledger_keep(&l, ada, &a, 30);
    ledger_cancel(&l, ada, &b);
    assert_int_equal(ledger_book(&l, ada, &b, 71, 0), LEDGER_OCTETS);
    assert_int_equal(ledger_book(&l, ada, &b, 70, 0), LEDGER_YES);
    ledger_keep(&l, ada, &b, 70);
    assert_int_equal(ledger_book(&l, ada, &c, 0, 0), LEDGER_MESSAGES);
    assert_int_equal(ledger_book(&l, root, &c, 1000, 0), LEDGER_YES);
    ledger_cancel(&l, root, &c);
    /* One has left the queue. */
    ledger_recount(&l);
    ledger_count(&l, ada, 30);
    assert_int_equal(ledger_book(&l, ada, &c, 70, 0), LEDGER_YES);
    ledger_clear(&l);
}

static void test_octets_do_not_wrap(void **state)
{
    const struct limits limits = {.octets = 100};
    struct booking a = {0}, b = {0};
    struct ledger l;

    (void)state;
    ledger_init(&l, &limits);
    assert_int_equal(ledger_book(&l, ada, &a, 50, 0), LEDGER_YES);
    assert_int_equal(ledger_book(&l, ada, &b, UINT64_MAX, 0), LEDGER_OCTETS);
    assert_int_equal(ledger_book(&l, ada, &a, UINT64_MAX, 0), LEDGER_OCTETS);
    ledger_clear(&l);
}

/* How many messages go through in this instant. */
static unsigned burst(struct ledger *l, struct patron_id who, int64_t now)
{
    unsigned count = 0;

    for (;; count++) {
        struct booking b = {0};
        if (count > 1000 || ledger_book(l, who, &b, 0, now) != LEDGER_YES)
            return count;
        ledger_cancel(l, who, &b);
    }
}

static void test_rate(void **state)
{
    const struct limits limits = {.rate = 6};
    const int64_t start = 5000 * SECOND;
    struct ledger l;

    (void)state;
    ledger_init(&l, &limits);
    assert_int_equal(burst(&l, ada, start), 6);
    assert_int_equal(burst(&l, ada, start), 0);
    assert_int_equal(burst(&l, ada, start + 9 * SECOND), 0);
    assert_int_equal(burst(&l, ada, start + 10 * SECOND), 1);
    assert_int_equal(burst(&l, ada, start + 30 * SECOND), 2);
    assert_int_equal(burst(&l, bob, start + 30 * SECOND), 6);
    assert_int_equal(burst(&l, ada, start + 3600 * SECOND), 6);
    /* Nobody else's coming and going makes it forgotten. */
    assert_int_equal(burst(&l, bob, start + 3600 * SECOND), 6);
    assert_int_equal(burst(&l, ada, start + 3601 * SECOND), 0);
    assert_true(burst(&l, root, start) > 1000);
    ledger_clear(&l);
}

static void test_places_are_used_again(void **state)
{
    const struct limits limits = {.sessions = 1};
    struct booking none = {0};
    struct ledger l;

    (void)state;
    ledger_init(&l, &limits);
    for (uint64_t uid = 1; uid < 1000; uid++) {
        struct patron_id who = {true, uid};
        assert_int_equal(ledger_enter(&l, who, 0), LEDGER_YES);
        ledger_leave(&l, who, &none);
    }
    assert_int_equal(l.count, 1);
    ledger_clear(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_octets_do_not_wrap),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_places_are_used_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
