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
        cmocka_unit_test(a_unix_socket_is_dialled_by_its_path),
        cmocka_unit_test(a_path_too_long_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
