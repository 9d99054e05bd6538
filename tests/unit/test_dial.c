/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/dial.h"

#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

/* A listener on a loopback port that the kernel picks. */
static int listen_on_loopback(unsigned *port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    *port = ntohs(name.sin_port);
    return fd;
}

static struct dial_params wish(const char *host, unsigned port)
{
    return (struct dial_params){.host = host, .port = port, .deadline = deadline_in(20000)};
}

static void check_local_literal(int fd, const char *want)
{
    struct buf text;

    buf_init(&text, 100);
    dial_local_literal(fd, &text);
    check_text("own end", buf_slice(&text), want);
    buf_clear(&text);
}

static void a_connection_is_ready_for_use(void **state)
{
    struct dialled line;
    struct err e;
    unsigned port;
    int listener = listen_on_loopback(&port);
    struct dial_params params = wish("127.0.0.1", port);

    (void)state;
    params.connect_timeout = 20000;
    if (!dial(&params, &line, &e))
        fail_msg("%s", e.text);
    assert_true(fcntl(line.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(line.fd, F_GETFD) & FD_CLOEXEC);
    assert_true(address_is_local(&line.peer));
    check_local_literal(line.fd, "[127.0.0.1]");
    close(line.fd);
    close(listener);
}

/* localhost is ::1 first on most systems, where nobody listens: the next address is tried. */
static void every_address_of_a_name_is_tried(void **state)
{
    struct dialled line;
    struct err e;
    unsigned port;
    int listener = listen_on_loopback(&port);
    struct dial_params params = wish("localhost", port);

    (void)state;
    if (!dial(&params, &line, &e))
        fail_msg("%s", e.text);
    close(line.fd);
    close(listener);
}

static void a_refusal_names_the_address(void **state)
{
    struct dialled line;
    struct err e;
    unsigned port;
    struct dial_params params;

    (void)state;
    close(listen_on_loopback(&port));
    params = wish("127.0.0.1", port);
    assert_false(dial(&params, &line, &e));
    assert_int_equal(e.kind, ERR_CONNECT);
    check_contains("refused", e.text, "127.0.0.1: Connection refused");
}

static void a_deadline_that_is_past_is_a_timeout(void **state)
{
    struct dialled line;
    struct err e;
    struct dial_params params = wish("127.0.0.1", 9);

    (void)state;
    params.deadline = deadline_in(0);
    assert_false(dial(&params, &line, &e));
    assert_int_equal(e.kind, ERR_TIMEOUT);
}

/* A full backlog drops what comes in: nobody ever answers. */
static void an_address_that_never_answers_is_given_up(void **state)
{
    struct dialled held[8], line;
    size_t count = 0;
    struct err e;
    unsigned port;
    int listener = listen_on_loopback(&port);

    (void)state;
    listen(listener, 0);
    struct dial_params params = wish("127.0.0.1", port);
    params.connect_timeout = 300;
    while (count < COUNT(held) && dial(&params, &held[count], &e))
        count++;
    assert_true(count < COUNT(held));
    assert_false(dial(&params, &line, &e));
    assert_int_equal(e.kind, ERR_TIMEOUT);
    check_contains("no answer", e.text, "127.0.0.1: no answer in time");
    while (count)
        close(held[--count].fd);
    close(listener);
}

/* --- the race between addresses (RFC 8305 5) */

struct black_hole {
    int listener;
    struct dialled held[8];
    size_t count;
};

/* A port that takes no more connections, and does not say so. */
static void dig(struct black_hole *hole, unsigned *port)
{
    struct err e;

    *hole = (struct black_hole){.listener = listen_on_loopback(port)};
    listen(hole->listener, 0);
    struct dial_params params = wish("127.0.0.1", *port);
    params.connect_timeout = 200;
    while (hole->count < COUNT(hole->held) && dial(&params, &hole->held[hole->count], &e))
        hole->count++;
    assert_true(hole->count < COUNT(hole->held));
}

static void fill_in(struct black_hole *hole)
{
    while (hole->count)
        close(hole->held[--hole->count].fd);
    close(hole->listener);
}

static void add_loopback(struct addresses *list, unsigned port)
{
    struct address *a = &list->items[list->count++];

    assert_true(address_from_literal("127.0.0.1", a));
    ((struct sockaddr_in *)&a->socket)->sin_port = htons((uint16_t)port);
}

static unsigned port_of(const struct dialled *line)
{
    return ntohs(((const struct sockaddr_in *)&line->peer.socket)->sin_port);
}

/* The descriptor that would be opened next: the same again when nothing was left open. */
static int next_descriptor(void)
{
    int fd = dup(STDERR_FILENO);

    close(fd);
    return fd;
}

static int64_t race(const struct addresses *list, struct dialled *line)
{
    const struct dial_params params = {.connect_timeout = 20000, .deadline = deadline_in(20000)};
    int64_t start = clock_monotonic();
    struct err e;

    if (!dial_addresses(&params, list, line, &e))
        fail_msg("%s", e.text);
    return (clock_monotonic() - start) / 1000000;
}

/* Each black hole costs the delay of one attempt, and not connect_timeout. */
static void the_next_address_joins_after_a_quarter_of_a_second(void **state)
{
    struct black_hole holes[2];
    struct addresses list = {.count = 0};
    struct dialled line;
    unsigned port, hole_port;

    (void)state;
    for (size_t i = 0; i < COUNT(holes); i++) {
        dig(&holes[i], &hole_port);
        add_loopback(&list, hole_port);
    }
    int listener = listen_on_loopback(&port);
    add_loopback(&list, port);
    int next = next_descriptor();
    int64_t took = race(&list, &line);
    assert_int_equal(port_of(&line), port);
    assert_in_range(took, 450, 10000);
    close(line.fd);
    /* Those who lost are closed. */
    assert_int_equal(next_descriptor(), next);
    close(listener);
    for (size_t i = 0; i < COUNT(holes); i++)
        fill_in(&holes[i]);
}

static void nobody_waits_behind_a_refusal(void **state)
{
    struct addresses list = {.count = 0};
    struct dialled line;
    unsigned port, closed_port;

    (void)state;
    for (int i = 0; i < 5; i++) {
        close(listen_on_loopback(&closed_port));
        add_loopback(&list, closed_port);
    }
    int listener = listen_on_loopback(&port);
    add_loopback(&list, port);
    int64_t took = race(&list, &line);
    assert_int_equal(port_of(&line), port);
    assert_in_range(took, 0, 1000);
    close(line.fd);
    close(listener);
}

static void the_first_that_answers_is_taken(void **state)
{
    struct addresses list = {.count = 0};
    struct dialled line;
    unsigned first, second;
    int listeners[2] = {listen_on_loopback(&first), listen_on_loopback(&second)};

    (void)state;
    add_loopback(&list, first);
    add_loopback(&list, second);
    race(&list, &line);
    assert_int_equal(port_of(&line), first);
    close(line.fd);
    close(listeners[0]);
    close(listeners[1]);
}

/* The whole of it has an end, and each address is named with what it did. */
static void a_lost_race_names_everybody(void **state)
{
    struct black_hole hole;
    struct addresses list = {.count = 0};
    struct dialled line;
    struct err e;
    unsigned hole_port, closed_port;

    (void)state;
    dig(&hole, &hole_port);
    close(listen_on_loopback(&closed_port));
    add_loopback(&list, hole_port);
    add_loopback(&list, closed_port);
    int next = next_descriptor();
    struct dial_params params = {.deadline = deadline_in(600)};
    assert_false(dial_addresses(&params, &list, &line, &e));
    assert_int_equal(e.kind, ERR_CONNECT);
    check_contains("lost", e.text, "127.0.0.1: no answer in time");
    check_contains("lost", e.text, "127.0.0.1: Connection refused");
    assert_int_equal(next_descriptor(), next);
    fill_in(&hole);
}

static void an_own_address_of_the_other_kind_is_no_use(void **state)
{
    struct addresses list = {.count = 0};
    struct dial_params params = {.source = "::1", .deadline = deadline_in(20000)};
    struct dialled line;
    struct err e;

    (void)state;
    add_loopback(&list, 9);
    assert_false(dial_addresses(&params, &list, &line, &e));
    assert_int_equal(e.kind, ERR_CONNECT);
    check_contains("source", e.text, "source-address is of the other kind");
    params.source = "nobody";
    assert_false(dial_addresses(&params, &list, &line, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
}

static void a_unix_socket_is_dialled_by_its_path(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char directory[] = "/tmp/test_dial.XXXXXX";
    struct dialled line;
    struct err e;
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(name.sun_path, sizeof name.sun_path, "%s/s", directory);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
    struct dial_params params = {.socket = name.sun_path, .deadline = deadline_in(20000)};
    assert_int_equal(listen(listener, 1), 0);
    assert_true(dial(&params, &line, &e));
    check_local_literal(line.fd, "localhost");
    close(line.fd);
    close(listener);
    assert_false(dial(&params, &line, &e));
    check_contains("nobody", e.text, name.sun_path);
    assert_int_equal(e.kind, ERR_CONNECT);
    unlink(name.sun_path);
    assert_false(dial(&params, &line, &e));
    check_contains("gone", e.text, "No such file");
    rmdir(directory);
}

static void a_path_too_long_is_an_error(void **state)
{
    char path[300];
    struct dialled line;
    struct err e;
    struct dial_params params = {.socket = path, .deadline = deadline_never()};

    (void)state;
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_false(dial(&params, &line, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_ready_for_use),
        cmocka_unit_test(every_address_of_a_name_is_tried),
        cmocka_unit_test(a_refusal_names_the_address),
        cmocka_unit_test(a_deadline_that_is_past_is_a_timeout),
        cmocka_unit_test(an_address_that_never_answers_is_given_up),
        cmocka_unit_test(the_next_address_joins_after_a_quarter_of_a_second),
        cmocka_unit_test(nobody_waits_behind_a_refusal),
        cmocka_unit_test(the_first_that_answers_is_taken),
        cmocka_unit_test(a_lost_race_names_everybody),
        cmocka_unit_test(an_own_address_of_the_other_kind_is_no_use),
        cmocka_unit_test(a_unix_socket_is_dialled_by_its_path),
        cmocka_unit_test(a_path_too_long_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
