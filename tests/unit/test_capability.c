/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/capability.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *lines;       /* texts of the 250 lines, the first included */
    unsigned offered;
    unsigned long size;
    const char *auth;        /* words joined by blanks */
};

static const struct row rows[] = {
    {"mx", 0, 0, ""},
    {"mx STARTTLS", 0, 0, ""},
    {"mx\nSTARTTLS", CAPABILITY_STARTTLS, 0, ""},
    {"mx\nstarttls\npipelining", CAPABILITY_STARTTLS | CAPABILITY_PIPELINING, 0, ""},
    {"mx\nSTARTTLSX\nXSTARTTLS", 0, 0, ""},
    {"mx\nSIZE", CAPABILITY_SIZE, 0, ""},
    {"mx\nSIZE 0", CAPABILITY_SIZE, 0, ""},
    {"mx\nSIZE 35882577", CAPABILITY_SIZE, 35882577, ""},
    {"mx\nSIZE -1", CAPABILITY_SIZE, 0, ""},
    {"mx\nSIZE 99999999999999999999999", CAPABILITY_SIZE, 0, ""},
    {"mx\nAUTH PLAIN LOGIN", CAPABILITY_AUTH, 0, "PLAIN LOGIN"},
    {"mx\nAUTH=PLAIN LOGIN", CAPABILITY_AUTH, 0, "PLAIN LOGIN"},
    {"mx\nAUTH\tPLAIN  LOGIN ", CAPABILITY_AUTH, 0, "PLAIN LOGIN"},
    {"mx\nAUTH PLAIN\nAUTH LOGIN", CAPABILITY_AUTH, 0, "PLAIN LOGIN"},
    {"mx\nAUTH", CAPABILITY_AUTH, 0, ""},
    {"mx\n8BITMIME\nSMTPUTF8\nENHANCEDSTATUSCODES\n\nX-OTHER a b",
     CAPABILITY_8BITMIME | CAPABILITY_SMTPUTF8 | CAPABILITY_ENHANCED, 0, ""},
    {"mx\nDSN\nchunking\nREQUIRETLS\nLIMITS RCPTMAX=5", CAPABILITY_DSN | CAPABILITY_CHUNKING |
     CAPABILITY_REQUIRETLS | CAPABILITY_LIMITS, 0, ""},
};

static void limits_are_numbers(void **state)
{
    static const struct {
        const char *line;
        struct session_limits limits;
    } lines[] = {
        {"LIMITS RCPTMAX=100 MAILMAX=10 RCPTDOMAINMAX=1", {10, 100, 1}},
        {"limits rcptmax=100", {.rcpt_max = 100}},
        {"LIMITS RCPTMAX=x MAILMAX= =5 MAILMAX5 FOO=1", {0}},
        {"LIMITS RCPTMAX=-1 MAILMAX=99999999999999999999999", {0}},
        {"LIMITS", {0}},
        {"LIMITS=RCPTMAX=5", {0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct capabilities c = {0};
        struct reply r;

        reply_init(&r);
        buf_put_format(&r.text, "mx\n%s", lines[i].line);
        capabilities_parse(&c, &r);
        if (c.limits.mail_max != lines[i].limits.mail_max ||
            c.limits.rcpt_max != lines[i].limits.rcpt_max ||
            c.limits.rcpt_domain_max != lines[i].limits.rcpt_domain_max)
            fail_msg("%s: %lu %lu %lu", lines[i].line, c.limits.mail_max, c.limits.rcpt_max,
                     c.limits.rcpt_domain_max);
        capabilities_clear(&c);
        reply_clear(&r);
    }
}

static void ehlo_lines_become_capabilities(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct capabilities c = {0};
        struct reply r;
        struct buf words;

        reply_init(&r);
        buf_put_text(&r.text, rows[i].lines);
        capabilities_parse(&c, &r);
        buf_init(&words, 1000);
        for (size_t j = 0; j < c.auth.count; j++)
            buf_put_format(&words, "%s%s", j ? " " : "", c.auth.items[j]);
        if (c.offered != rows[i].offered || c.size != rows[i].size ||
            strcmp(words.data ? words.data : "", rows[i].auth) != 0)
            fail_msg("row %zu: offered %#x size %lu auth %s", i, c.offered, (unsigned long)c.size,
                     words.data);
        buf_clear(&words);
        capabilities_clear(&c);
        reply_clear(&r);
    }
}

static void a_second_answer_replaces_the_first(void **state)
{
    struct capabilities c = {0};
    struct reply r;

    (void)state;
    reply_init(&r);
    buf_put_text(&r.text, "mx\nAUTH PLAIN\nSIZE 5");
    capabilities_parse(&c, &r);
    buf_reset(&r.text);
    buf_put_text(&r.text, "mx\nPIPELINING");
    capabilities_parse(&c, &r);
    assert_int_equal(c.offered, CAPABILITY_PIPELINING);
    assert_int_equal(c.size, 0);
    assert_int_equal(c.auth.count, 0);
    capabilities_clear(&c);
    reply_clear(&r);
}

static void mechanisms_are_bounded(void **state)
{
    struct capabilities c = {0};
    struct reply r;

    (void)state;
    reply_init(&r);
    buf_put_text(&r.text, "mx\nAUTH");
    for (int i = 0; i < 10000; i++)
        buf_put_text(&r.text, " X");
    capabilities_parse(&c, &r);
    assert_in_range(c.auth.count, 1, 100);
    capabilities_clear(&c);
    reply_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ehlo_lines_become_capabilities),
        cmocka_unit_test(limits_are_numbers),
        cmocka_unit_test(a_second_answer_replaces_the_first),
        cmocka_unit_test(mechanisms_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
