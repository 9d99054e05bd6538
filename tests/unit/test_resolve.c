/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/resolve.h"

#include "check.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "base/limits.h"

static void literals_are_addresses_and_nothing_else_is(void **state)
{
    static const struct {
        const char *host, *text;         /* text: NULL for what is no literal */
        bool local;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"127.255.255.254", "127.255.255.254", true},
        {"128.0.0.1", "128.0.0.1", false},
        {"192.0.2.1", "192.0.2.1", false},
        {"0.0.0.0", "0.0.0.0", false},
        {"::1", "::1", true},
        {"::ffff:127.0.0.1", "::ffff:127.0.0.1", true},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1", false},
        {"2001:DB8::1", "2001:db8::1", false},
        {"::", "::", false},
        {"[::1]", NULL, false},
        {"127.1", NULL, false},
        {"0x7f000001", NULL, false},
        {"127.0.0.1.", NULL, false},
        {"127.0.0.256", NULL, false},
        {"localhost", NULL, false},
        {"", NULL, false},
        {"::1 ", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct addresses found;
        struct buf text;
        struct err e;

        check_row(rows[i].host, host_is_literal(rows[i].host) == (rows[i].text != NULL), "literal");
        if (!rows[i].text)
            continue;
        /* A deadline that is past already: nothing is looked up. */
        assert_true(resolve_host(rows[i].host, 587, deadline_in(0), &found, &e));
        assert_int_equal(found.count, 1);
        buf_init(&text, 100);
        address_text(&found.items[0], &text);
        check_text(rows[i].host, buf_slice(&text), rows[i].text);
        check_row(rows[i].host, address_is_local(&found.items[0]) == rows[i].local, "local or not");
        buf_clear(&text);
    }
}

static void the_port_is_in_the_address(void **state)
{
    struct addresses found;
    struct err e;

    (void)state;
    assert_true(resolve_host("127.0.0.1", 2525, deadline_never(), &found, &e));
    const struct sockaddr_in *four = (const struct sockaddr_in *)&found.items[0].socket;
    assert_int_equal(ntohs(four->sin_port), 2525);
    assert_true(resolve_host("::1", 65535, deadline_never(), &found, &e));
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&found.items[0].socket;
    assert_int_equal(ntohs(six->sin6_port), 65535);
}

/* From /etc/hosts, and the name that no resolver may know (RFC 6761 6.4). */
static void names_are_looked_up(void **state)
{
    struct addresses found;
    struct err e = {.kind = ERR_NONE};

    (void)state;
    assert_true(resolve_host("localhost", 25, deadline_in(20000), &found, &e));
    assert_in_range(found.count, 1, ADDRESSES_MAX);
    for (size_t i = 0; i < found.count; i++)
        assert_true(address_is_local(&found.items[i]));
    assert_false(resolve_host("no-such-host.invalid", 25, deadline_in(20000), &found, &e));
    assert_int_equal(found.count, 0);
    assert_true(e.kind == ERR_RESOLVE || e.kind == ERR_CONNECT || e.kind == ERR_TIMEOUT);
    assert_true(strlen(e.text) > 5);
}

static void a_deadline_that_is_past_ends_the_look_up(void **state)
{
    struct addresses found;
    struct err e = {.kind = ERR_NONE};

    (void)state;
    /* The resolver may be faster; it may not take long. */
    if (!resolve_host("localhost", 25, deadline_in(0), &found, &e))
        assert_int_equal(e.kind, ERR_TIMEOUT);
}

static void a_socket_has_its_path_for_an_address(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct address a = {.len = sizeof name};
    struct buf text;

    (void)state;
    snprintf(name.sun_path, sizeof name.sun_path, "/run/lmtp");
    memcpy(&a.socket, &name, sizeof name);
    assert_true(address_is_local(&a));
    buf_init(&text, 200);
    address_text(&a, &text);
    check_text("unix", buf_slice(&text), "/run/lmtp");
    buf_clear(&text);
    a.socket.ss_family = AF_UNSPEC;
    assert_false(address_is_local(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_addresses_and_nothing_else_is),
        cmocka_unit_test(the_port_is_in_the_address),
        cmocka_unit_test(names_are_looked_up),
        cmocka_unit_test(a_deadline_that_is_past_ends_the_look_up),
        cmocka_unit_test(a_socket_has_its_path_for_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
