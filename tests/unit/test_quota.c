/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include "cmd/quota.h"

#define SECOND ((int64_t)1000 * 1000 * 1000)

static const struct quota_id ada = {true, 1000}, bob = {true, 1001}, root = {true, 0}, tcp = {0};

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
    struct reservation none = {0};
    struct quota l;

    (void)state;
    quota_init(&l, &limits);
    assert_int_equal(quota_enter(&l, ada, 0), QUOTA_OK);
    assert_int_equal(quota_enter(&l, ada, 0), QUOTA_OK);
    assert_int_equal(quota_enter(&l, ada, 0), QUOTA_SESSIONS);
    assert_int_equal(quota_enter(&l, tcp, 0), QUOTA_OK);
    assert_int_equal(quota_enter(&l, bob, 0), QUOTA_OK);
    assert_int_equal(quota_enter(&l, bob, 0), QUOTA_CONNECTIONS);
    assert_int_equal(quota_enter(&l, root, 0), QUOTA_OK);
    quota_leave(&l, root, &none);
    quota_leave(&l, ada, &none);
    assert_int_equal(quota_enter(&l, ada, 0), QUOTA_OK);
    assert_int_equal(quota_enter(&l, ada, 0), QUOTA_CONNECTIONS);
    quota_clear(&l);
}

static void test_waiting(void **state)
{
    const struct limits limits = {.messages = 2, .octets = 100};
    struct reservation a = {0}, b = {0}, c = {0};
    struct quota l;

    (void)state;
    quota_init(&l, &limits);
    /* What comes in counts as what waits. */
    assert_int_equal(quota_reserve(&l, ada, &a, 0, 0), QUOTA_OK);
    assert_int_equal(quota_reserve(&l, ada, &b, 60, 0), QUOTA_OK);
    assert_int_equal(quota_reserve(&l, ada, &c, 0, 0), QUOTA_MESSAGES);
    assert_false(c.is_open);
    assert_int_equal(quota_reserve(&l, ada, &a, 41, 0), QUOTA_OCTETS);
    assert_int_equal(quota_reserve(&l, ada, &a, 40, 0), QUOTA_OK);
    assert_int_equal(quota_reserve(&l, ada, &a, 10, 0), QUOTA_OK);
    assert_int_equal(a.octets, 40);
    assert_int_equal(quota_reserve(&l, bob, &c, 100, 0), QUOTA_OK);
    quota_cancel(&l, bob, &c);
    /* Kept with less than was reserved, and dropped. */
    quota_keep(&l, ada, &a, 30);
    quota_cancel(&l, ada, &b);
    assert_int_equal(quota_reserve(&l, ada, &b, 71, 0), QUOTA_OCTETS);
    assert_int_equal(quota_reserve(&l, ada, &b, 70, 0), QUOTA_OK);
    quota_keep(&l, ada, &b, 70);
    assert_int_equal(quota_reserve(&l, ada, &c, 0, 0), QUOTA_MESSAGES);
    assert_int_equal(quota_reserve(&l, root, &c, 1000, 0), QUOTA_OK);
    quota_cancel(&l, root, &c);
    /* One has left the queue. */
    quota_recount(&l);
    quota_count(&l, ada, 30);
    assert_int_equal(quota_reserve(&l, ada, &c, 70, 0), QUOTA_OK);
    quota_clear(&l);
}

static void test_octets_do_not_wrap(void **state)
{
    const struct limits limits = {.octets = 100};
    struct reservation a = {0}, b = {0};
    struct quota l;

    (void)state;
    quota_init(&l, &limits);
    assert_int_equal(quota_reserve(&l, ada, &a, 50, 0), QUOTA_OK);
    assert_int_equal(quota_reserve(&l, ada, &b, UINT64_MAX, 0), QUOTA_OCTETS);
    assert_int_equal(quota_reserve(&l, ada, &a, UINT64_MAX, 0), QUOTA_OCTETS);
    quota_clear(&l);
}

/* How many messages go through in this instant. */
static unsigned burst(struct quota *l, struct quota_id who, int64_t now)
{
    unsigned count = 0;

    for (;; count++) {
        struct reservation b = {0};
        if (count > 1000 || quota_reserve(l, who, &b, 0, now) != QUOTA_OK)
            return count;
        quota_cancel(l, who, &b);
    }
}

static void test_rate(void **state)
{
    const struct limits limits = {.rate = 6};
    const int64_t start = 5000 * SECOND;
    struct quota l;

    (void)state;
    quota_init(&l, &limits);
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
    quota_clear(&l);
}

static void test_places_are_used_again(void **state)
{
    const struct limits limits = {.sessions = 1};
    struct reservation none = {0};
    struct quota l;

    (void)state;
    quota_init(&l, &limits);
    for (uint64_t uid = 1; uid < 1000; uid++) {
        struct quota_id who = {true, uid};
        assert_int_equal(quota_enter(&l, who, 0), QUOTA_OK);
        quota_leave(&l, who, &none);
    }
    assert_int_equal(l.count, 1);
    quota_clear(&l);
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
