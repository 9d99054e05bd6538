/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/needs.h"

#include "base/limits.h"
#include "check.h"

static const struct row {
    const char *offered;     /* EHLO lines behind the first */
    const char *param;       /* given by hand for MAIL; NULL: none */
    bool require_tls, verified;
    const char *line;        /* of MAIL; NULL: refused */
} rows[] = {
    {"DSN", NULL, false, false, "MAIL FROM:<a@b> RET=HDRS ENVID=x+2By\r\n"},
    {"X", NULL, false, false, "MAIL FROM:<a@b>\r\n"},
    {"8BITMIME", NULL, false, false, "MAIL FROM:<a@b> BODY=8BITMIME\r\n"},
    {"SMTPUTF8", NULL, false, false, "MAIL FROM:<a@b>\r\n"},
    {"DELIVERBY 240", "BY=120;R", false, false, "MAIL FROM:<a@b> BY=120;R\r\n"},
    {"deliverby", "by=120;R", false, false, "MAIL FROM:<a@b> by=120;R\r\n"},
    {"BY", "BY=120;R", false, false, NULL},
    {"MT-PRIORITY MIXER", "MT-PRIORITY=3", false, false, "MAIL FROM:<a@b> MT-PRIORITY=3\r\n"},
    {"AUTH PLAIN", "AUTH=<>", false, false, "MAIL FROM:<a@b> AUTH=<>\r\n"},
    {"FUTURERELEASE 100 x", "HOLDFOR=60", false, false, "MAIL FROM:<a@b> HOLDFOR=60\r\n"},
    {"X", "HOLDFOR=60", false, false, NULL},
    {"REQUIRETLS", NULL, true, true, "MAIL FROM:<a@b> REQUIRETLS\r\n"},
    {"REQUIRETLS", NULL, true, false, NULL},
    {"X", NULL, true, true, NULL},
};

static void mail_has_what_is_wanted_and_offered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct session s = {.stream.tls.verified = row->verified};
        struct envelope v = {.ret = RET_HDRS, .envid = "x+2By", .body = BODY_8BITMIME,
                             .require_tls = row->require_tls};
        struct mail_params params;
        struct message m;
        struct reply ehlo;
        struct buf line;
        struct err e;

        message_init(&m, "/tmp");
        buf_init(&line, LIMIT_COMMAND);
        reply_init(&ehlo);
        buf_put_format(&ehlo.text, "mx\n%s", row->offered);
        capabilities_parse(&s.capabilities, &ehlo);
        if (row->param)
            strings_add_text(&v.mail_params, row->param);
        assert_true(path_parse(&v.reverse_path, SLICE("a@b"), &e));
        bool ok = needs_of_mail(&s, &v, &m, &params, &e);
        check_row(row->offered, ok == (row->line != NULL), "taken or refused");
        if (ok) {
            command_mail(&line, &v.reverse_path, &params);
            check_text(row->offered, buf_slice(&line), row->line);
        }
        v.envid = NULL;
        envelope_clear(&v);
        capabilities_clear(&s.capabilities);
        reply_clear(&ehlo);
        buf_clear(&line);
        message_clear(&m);
    }
}

static void parameters_by_hand_are_looked_at(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } params[] = {
        {"BY=120;R", true},      {"HOLDFOR=60", true},    {"X", true},
        {"x-y=1", true},         {"", false},             {"=1", false},
        {"X=", false},           {"X=a b", false},        {"X=a=b", false},
        {"X Y", false},          {"-X=1", false},         {"X=1\r\nRCPT TO:<a>", false},
        {"X=\x01", false},       {"X=\xc3\xbc", false},   {"SIZE=1", false},
        {"size=1", false},       {"BODY=7BIT", false},    {"NOTIFY=NEVER", false},
        {"REQUIRETLS", false},   {"ENVID=x", false},      {"X>=1", false},
    };
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(params); i++)
        check_row(params[i].text, needs_take_parameter(slice_of(params[i].text), &e) ==
                                      params[i].ok, "taken or refused");
}

static void recipients_have_what_is_offered(void **state)
{
    struct session s = {.capabilities.offered = CAPABILITY_DSN};
    struct envelope v = {0};
    struct recipient r = {.notify = NOTIFY_SUCCESS | NOTIFY_DELAY, .orcpt = "rfc822;b@c"};
    struct rcpt_params params = needs_of_recipient(&s, &v, &r);
    struct buf line;
    struct err e;

    (void)state;
    buf_init(&line, LIMIT_COMMAND);
    assert_true(path_parse(&r.path, SLICE("b@c"), &e));
    command_rcpt(&line, &r.path, &params);
    assert_string_equal(line.data, "RCPT TO:<b@c> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@c\r\n");
    s.capabilities.offered = 0;
    params = needs_of_recipient(&s, &v, &r);
    buf_reset(&line);
    command_rcpt(&line, &r.path, &params);
    assert_string_equal(line.data, "RCPT TO:<b@c>\r\n");
    buf_clear(&line);
    path_clear(&r.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_has_what_is_wanted_and_offered),
        cmocka_unit_test(parameters_by_hand_are_looked_at),
        cmocka_unit_test(recipients_have_what_is_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
