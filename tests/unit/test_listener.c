/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include "cmd/listener.h"
#include "net/peer.h"

static const struct {
    const char *text;
    bool ok, loopback;
    int family;
} places[] = {
    {"127.0.0.1:25", true, true, AF_INET},
    {"127.255.255.254:0", true, true, AF_INET},
    {"[::1]:25", true, true, AF_INET6},
    {"[::ffff:127.0.0.1]:25", true, true, AF_INET6},
    {"0.0.0.0:25", true, false, AF_INET},
    {"126.0.0.1:25", true, false, AF_INET},
    {"128.0.0.1:25", true, false, AF_INET},
    {"[::]:25", true, false, AF_INET6},
    {"[::2]:25", true, false, AF_INET6},
    {"[::127.0.0.1]:25", true, false, AF_INET6},
    {"[::ffff:10.0.0.1]:25", true, false, AF_INET6},
    {"[fe80::1]:25", true, false, AF_INET6},
    {"127.0.0.1", false, false, 0},
    {"127.0.0.1:", false, false, 0},
    {"127.0.0.1:65536", false, false, 0},
    {"127.0.0.1:-1", false, false, 0},
    {"127.0.0.1:25x", false, false, 0},
    {"127.1:25", false, false, 0},
    {"localhost:25", false, false, 0},
    {"::1:25", false, false, 0},
    {"[::1]25", false, false, 0},
    {"[127.0.0.1]:25", false, false, 0},
    {"[::1:25", false, false, 0},
    {"[]:25", false, false, 0},
    {":25", false, false, 0},
    {"25", false, false, 0},
    {"", false, false, 0},
    {"1111111111111111111111111111111111111111111111111111111111111:25", false, false, 0},
};

static void test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(places); i++) {
        struct sockaddr_storage address;
        const struct sockaddr *any = (const struct sockaddr *)&address;
        socklen_t size;
        bool ok = listener_parse(places[i].text, &address, &size);
        check_row(places[i].text, ok == places[i].ok, "is an address");
        if (!ok)
            continue;
        check_row(places[i].text, any->sa_family == places[i].family, "family");
        check_row(places[i].text, peer_is_loopback(any) == places[i].loopback, "loopback");
    }
}

static const struct {
    const char *pid, *fds, *names;
    bool ok;
    unsigned long count;
} handed[] = {
    {NULL, NULL, NULL, true, 0},
    {"77", "1", NULL, true, 1},
    {"77", "2", "submit:smtp", true, 2},
    {"77", "1", "submit", true, 1},
    {"77", "0", NULL, true, 0},
    {"78", "1", "submit", true, 0},     /* meant for somebody else */
    {"78", "x", "a:b:c", true, 0},
    {"77", NULL, NULL, true, 0},
    {NULL, "1", NULL, true, 0},
    {"77", "2", "submit", false, 0},
    {"77", "1", "submit:smtp", false, 0},
    {"77", "x", NULL, false, 0},
    {"77", "-1", NULL, false, 0},
    {"77", "1000000", NULL, false, 0},
    {"77x", "1", NULL, false, 0},
};

static void test_handed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(handed); i++) {
        const struct host h = {.listen_pid = (char *)(uintptr_t)handed[i].pid,
                               .listen_fds = (char *)(uintptr_t)handed[i].fds,
                               .listen_names = (char *)(uintptr_t)handed[i].names};
        unsigned long count = 0;
        struct err e;
        const char *row = handed[i].fds ? handed[i].fds : "(none)";
        bool ok = listener_count_adopted(&h, 77, &count, &e);
        check_row(row, ok == handed[i].ok, "ok");
        check_row(row, !ok || count == handed[i].count, "count");
    }
}

static void test_is_no_other(void **state)
{
    const struct sockaddr local = {.sa_family = AF_UNIX};

    (void)state;
    assert_false(peer_is_loopback(&local));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_handed_over),
        cmocka_unit_test(test_is_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
