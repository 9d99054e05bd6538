/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "relay/prepare.h"

#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

/* A message out of a text, as if it had come in on stdin. */
static void read_text(struct message *m, const char *text)
{
    struct err e;
    int fd;

    assert_true(file_unnamed("/tmp", &fd, &e));
    assert_true(file_write(fd, slice_of(text), &e));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    message_init(m, "/tmp");
    assert_true(message_read(m, fd, false, &e));
    close(fd);
}

static void put_recipients(struct buf *out, const struct envelope *v)
{
    for (size_t i = 0; i < v->count; i++) {
        buf_put_text(out, i ? " " : "");
        buf_put_slice(out, path_address(&v->recipients[i].path));
    }
}

static void header_recipients_follow_rfc_5322(void **state)
{
    static const struct {
        const char *header, *recipients;     /* NULL: refused */
    } rows[] = {
        {"To: a@x\n", "a@x"},
        {"To: a@x, b@x\nCc: c@x\nBcc: d@x\n", "a@x b@x c@x d@x"},
        {"TO: a@x\nbcc : d@x\n", "a@x d@x"},
        {"Bcc: a@x,\n b@x,\n\tc@x\n", "a@x b@x c@x"},
        {"To: a@x\nTo: b@x\n", "a@x b@x"},
        {"To: list:a@x,b@x;\nCc: undisclosed-recipients:;\n", "a@x b@x"},
        {"To: \"Doe, J\" <j@x> (home, really)\n", "j@x"},
        {"To: root\n", "root"},
        {"From: q@x\nReply-To: r@x\n", ""},
        /* Resent-* takes the place of the others, the topmost block only. */
        {"Resent-To: r@x\nTo: a@x\nBcc: b@x\n", "r@x"},
        {"Resent-Bcc: r@x\nResent-Cc: s@x\nTo: a@x\n", "r@x s@x"},
        {"Resent-From: q@x\nResent-To: r@x\nResent-To: old@x\nTo: a@x\n", "r@x"},
        {"Resent-To: r@x\nReceived: by y\nResent-To: old@x\nTo: a@x\n", "r@x"},
        {"Resent-From: q@x\nTo: a@x\n", "a@x"},
        {"To: foo bar@x\n", NULL},
        {"To: a@x\nCc: <\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct envelope v = {0};
        struct message m;
        struct buf got;
        struct err e = {.kind = ERR_NONE};

        read_text(&m, rows[i].header);
        buf_init(&got, 1000);
        bool ok = prepare_header_recipients(&v, &m.header, &e);
        check_row(rows[i].header, ok == (rows[i].recipients != NULL), "accepted or refused");
        put_recipients(&got, &v);
        if (ok)
            check_text(rows[i].header, buf_slice(&got), rows[i].recipients);
        else
            assert_int_equal(e.kind, ERR_DATA);
        buf_clear(&got);
        envelope_clear(&v);
        message_clear(&m);
    }
}

static void arguments_are_address_lists(void **state)
{
    static const struct {
        const char *argument, *recipients;
    } rows[] = {
        {"a@x", "a@x"},          {"a@x,b@x", "a@x b@x"}, {"Name <a@x>", "a@x"},
        {"root", "root"},        {"<a@x>", "a@x"},       {"\"a b\"@x", "\"a b\"@x"},
        {"", NULL},              {",", NULL},            {"<>", NULL},
        {"a@x\r\nRCPT TO:<b@x>", NULL},                  {"a@x\nb@x", NULL},
        {"a@", NULL},            {"@x", NULL},           {"a>b@x", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct envelope v = {0};
        struct buf got;
        struct err e = {.kind = ERR_NONE};

        buf_init(&got, 1000);
        bool ok = prepare_argument_recipients(&v, slice_of(rows[i].argument), &e);
        check_row(rows[i].argument, ok == (rows[i].recipients != NULL), "accepted or refused");
        put_recipients(&got, &v);
        if (ok)
            check_text(rows[i].argument, buf_slice(&got), rows[i].recipients);
        buf_clear(&got);
        envelope_clear(&v);
    }
}

static void senders_come_in_every_form(void **state)
{
    static const struct {
        const char *argument, *sender;
    } rows[] = {
        {"a@x", "a@x"}, {"<a@x>", "a@x"}, {"Ada <a@x>", "a@x"}, {"", ""}, {"<>", ""},
        {"root", "root"}, {"a@x, b@x", NULL}, {"a@x\nb", NULL}, {"a b@x", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct path p = {0};
        struct err e = {.kind = ERR_NONE};
        bool ok = prepare_sender(&p, slice_of(rows[i].argument), &e);

        check_row(rows[i].argument, ok == (rows[i].sender != NULL), "accepted or refused");
        if (ok)
            check_text(rows[i].argument, path_address(&p), rows[i].sender);
        path_clear(&p);
    }
}

struct completion {
    const char *message, *sender, *header;   /* header: as it leaves, LF; "@" for a Message-ID */
};

static const struct completion completions[] = {
    {"From: a@x\nDate: d\nMessage-ID: <m>\nTo: b@x\n\nhi\n", "s@y",
     "From: a@x\nDate: d\nMessage-ID: <m>\nTo: b@x\n"},
    {"From: a@x\nDate: d\nMessage-ID: <m>\nBcc: c@x\nbcc :\n d@x\nResent-Bcc: e@x\n\nhi\n", "s@y",
     "From: a@x\nDate: d\nMessage-ID: <m>\n"},
    {"Date: d\nMessage-ID: <m>\n\nhi\n", "s@y",
     "Date: d\nMessage-ID: <m>\nFrom: \"Doe, John\" <s@y>\n"},
    {"From:\nDate: d\nMessage-ID: <m>\n\nhi\n", "s@y",
     "Date: d\nMessage-ID: <m>\nFrom: \"Doe, John\" <s@y>\n"},
    {"Date: d\nMessage-ID: <m>\n\nhi\n", "",
     "Date: d\nMessage-ID: <m>\nFrom: \"Doe, John\" <login@mail.example>\n"},
    {"Date: d\nMessage-ID: <m>\nFrom: root (Cron Daemon)\n\nhi\n", "root",
     "Date: d\nMessage-ID: <m>\nFrom: root@mail.example (Cron Daemon)\n"},
    {"Date: d\nMessage-ID: <m>\nFrom: Anacron <root>\n\nhi\n", "root",
     "Date: d\nMessage-ID: <m>\nFrom: Anacron <root@mail.example>\n"},
    {"Date: d\nMessage-ID: <m>\nFrom: a, \"b c\" <d>, e@x\n\nhi\n", "s@y",
     "Date: d\nMessage-ID: <m>\nFrom: a@mail.example, \"b c\" <d@mail.example>, e@x\n"},
    {"Date: d\nMessage-ID: <m>\nFrom: what is this\n\nhi\n", "s@y",
     "Date: d\nMessage-ID: <m>\nFrom: what is this\n"},
    {"From: a@x\nReturn-Path: <z@x>\nMessage-ID: <m>\n\nhi\n", "s@y",
     "From: a@x\nMessage-ID: <m>\nDate: Tue, 24 Nov 2026 03:41:47 +0000\n"},
};

static struct account make_account(void)
{
    struct account a = {.name = mem_strdup("test")};

    strings_add_text(&a.add_headers, "date");
    strings_add_text(&a.add_headers, "message-id");
    strings_add_text(&a.add_headers, "from");
    return a;
}

static void the_header_is_completed_and_cleaned(void **state)
{
    struct account account = make_account();

    (void)state;
    setenv("TZ", "UTC0", 1);
    clock_fix(1795491707);
    for (size_t i = 0; i < COUNT(completions); i++) {
        struct envelope v = {0};
        struct message m;
        struct buf got, plain;
        struct err e;

        read_text(&m, completions[i].message);
        assert_true(prepare_sender(&v.reverse_path, slice_of(completions[i].sender), &e));
        assert_true(prepare_argument_recipients(&v, SLICE("t@x"), &e));
        struct preparation p = {.account = &account, .domain = "mail.example", .user = "login",
                                .full_name = "Doe, John", .envelope = &v, .message = &m};
        assert_true(prepare_all(&p, &e));
        buf_init(&got, 10000);
        buf_init(&plain, 10000);
        header_write(&m.header, &got);
        for (size_t j = 0; j < got.len; j++)
            if (got.data[j] != '\r')
                buf_put_byte(&plain, got.data[j]);
        check_text(completions[i].message, buf_slice(&plain), completions[i].header);
        buf_clear(&got);
        buf_clear(&plain);
        strings_clear(&p.notes);
        envelope_clear(&v);
        message_clear(&m);
    }
    clock_fix(0);
    account_clear(&account);
}

static void a_message_id_has_the_senders_domain(void **state)
{
    struct account account = make_account();
    struct envelope v = {0};
    struct message m;
    struct err e;

    (void)state;
    read_text(&m, "From: a@x\n\nhi\n");
    assert_true(prepare_sender(&v.reverse_path, SLICE("s@sender.example"), &e));
    assert_true(prepare_argument_recipients(&v, SLICE("t@x"), &e));
    struct preparation p = {.account = &account, .domain = "host.example", .envelope = &v,
                            .message = &m};
    assert_true(prepare_all(&p, &e));
    struct slice id = header_value(&m.header, header_find(&m.header, "Message-ID", 0));
    char *text = slice_dup(id);
    check_contains("Message-ID", text, "@sender.example>");
    free(text);
    strings_clear(&p.notes);
    envelope_clear(&v);
    message_clear(&m);
    account_clear(&account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_recipients_follow_rfc_5322),
        cmocka_unit_test(arguments_are_address_lists),
        cmocka_unit_test(senders_come_in_every_form),
        cmocka_unit_test(the_header_is_completed_and_cleaned),
        cmocka_unit_test(a_message_id_has_the_senders_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
