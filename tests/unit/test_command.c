/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/command.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/limits.h"

static struct path make_path(const char *text)
{
    struct path p = {0};
    struct err e;

    assert_true(path_parse(&p, slice_of(text), &e));
    return p;
}

static void mail_and_rcpt_carry_what_is_asked(void **state)
{
    static const struct {
        const char *path;
        struct mail_params params;
        const char *line;
    } rows[] = {
        {"a@b.example", {0}, "MAIL FROM:<a@b.example>\r\n"},
        {"", {0}, "MAIL FROM:<>\r\n"},
        {"<>", {.has_size = true, .size = 12}, "MAIL FROM:<> SIZE=12\r\n"},
        {"\"a b\"@c", {.body_8bitmime = true}, "MAIL FROM:<\"a b\"@c> BODY=8BITMIME\r\n"},
        {"j\xc3\xb6@x", {.has_size = true, .size = 0, .smtputf8 = true},
         "MAIL FROM:<j\xc3\xb6@x> SIZE=0 SMTPUTF8\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path p = make_path(rows[i].path);
        struct buf line;

        buf_init(&line, LIMIT_COMMAND);
        command_mail(&line, &p, &rows[i].params);
        assert_string_equal(line.data, rows[i].line);
        buf_clear(&line);
        path_clear(&p);
    }
    struct path p = make_path("x@y");
    struct buf line;
    buf_init(&line, LIMIT_COMMAND);
    command_rcpt(&line, &p, &(struct rcpt_params){0});
    assert_string_equal(line.data, "RCPT TO:<x@y>\r\n");
    buf_clear(&line);
    path_clear(&p);
}

static void the_name_in_ehlo_is_checked(void **state)
{
    static const struct {
        const char *name;
        bool ok;
    } rows[] = {
        {"laptop", true},       {"mx.example.org", true},   {"[127.0.0.1]", true},
        {"[IPv6:::1]", true},   {"", false},                {"a b", false},
        {"a\r\nMAIL", false},   {"a\nb", false},            {"<a>", false},
        {"a..b", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf line;
        buf_init(&line, LIMIT_COMMAND);
        if (command_hello(&line, VERB_EHLO, slice_of(rows[i].name)) != rows[i].ok)
            fail_msg("\"%s\"", rows[i].name);
        assert_true(rows[i].ok || line.len == 0);
        buf_clear(&line);
    }
}

static void auth_carries_the_initial_response(void **state)
{
    const struct slice some = SLICE("\0u\0p"), none = SLICE("");
    struct buf line;

    (void)state;
    buf_init(&line, LIMIT_COMMAND);
    command_auth(&line, "PLAIN", &some);
    assert_string_equal(line.data, "AUTH PLAIN AHUAcA==\r\n");
    buf_reset(&line);
    command_auth(&line, "EXTERNAL", &none);
    assert_string_equal(line.data, "AUTH EXTERNAL =\r\n");
    buf_reset(&line);
    command_auth(&line, "LOGIN", NULL);
    assert_string_equal(line.data, "AUTH LOGIN\r\n");
    buf_clear(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_and_rcpt_carry_what_is_asked),
        cmocka_unit_test(the_name_in_ehlo_is_checked),
        cmocka_unit_test(auth_carries_the_initial_response),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
