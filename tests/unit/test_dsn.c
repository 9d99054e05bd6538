/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "mail/dsn.h"
#include "mail/message.h"

/* 15 January 2027, 08:00:00 UTC. */
#define NOW 1800000000

/* A recipient, what became of it, and whether it is told about. */
struct told {
    const char *path;
    const char *orcpt;
    struct outcome outcome;  /* its text is borrowed */
    bool failed;
};

struct report {
    const char *title;
    const char *sender, *envid, *remote, *header;
    struct told to[3];
    /* Whole lines that have to be there, and text that may not. */
    const char *lines[10];
    const char *absent[3];
};

#define UNKNOWN                                                                                    \
    {                                                                                              \
        .verdict = VERDICT_REFUSED, .by_server = true, .code = 550, .status = {5, 1, 1},           \
        .text = (char *)"550 5.1.1 No such user"                                                   \
    }
#define EXPIRED                                                                                    \
    {                                                                                              \
        .verdict = VERDICT_REFUSED, .status = {4, 4, 7},                                           \
        .text = (char *)"not delivered within 5d; last: cannot connect"                            \
    }

static const struct report reports[] = {
    {"one is unknown", "ada@example.org", NULL, "mail.example.net:587", "Subject: hello\r\n",
     {{"bob@example.net", NULL, UNKNOWN, true}},
     {"From: Mail Delivery System <MAILER-DAEMON@host.example>", "To: <ada@example.org>",
      "Auto-Submitted: auto-replied", "Reporting-MTA: dns; mx.host.example",
      "Final-Recipient: rfc822; bob@example.net", "Action: failed", "Status: 5.1.1",
      "Remote-MTA: dns; mail.example.net", "Diagnostic-Code: smtp; 550 5.1.1 No such user",
      "Subject: hello"},
     {"Original-", "8bit"}},
    {"only who failed is told about", "ada@example.org", NULL, "mail.example.net:587", "A: b\r\n",
     {{"bob@example.net", NULL, UNKNOWN, false}, {"carol@example.net", NULL, UNKNOWN, true}},
     {"Final-Recipient: rfc822; carol@example.net", "<carol@example.net>:"},
     {"bob@example.net"}},
    {"too old: our own word, no server's", "ada@example.org", NULL, "mail.example.net:587",
     "A: b\r\n", {{"bob@example.net", NULL, EXPIRED, true}},
     {"Status: 4.4.7",
      "Diagnostic-Code: x-smtpost; not delivered within 5d; last: cannot connect",
      "    not delivered within 5d; last: cannot connect"},
     {"Remote-MTA", "said:"}},
    {"nothing is known", "ada@example.org", NULL, NULL, "A: b\r\n",
     {{"bob@example.net", NULL, {.verdict = VERDICT_REFUSED}, true}},
     {"Status: 5.0.0", "Diagnostic-Code: x-smtpost; none"}, {NULL}},
    {"what the sender asked to be reminded of", "ada@example.org", "id+2B7", NULL, "A: b\r\n",
     {{"bob@example.net", "rfc822;bob+2Bx@example.net", UNKNOWN, true}},
     {"Original-Envelope-Id: id+7", "Original-Recipient: rfc822;bob+x@example.net"}, {NULL}},
    {"a bad envelope id is left out", "ada@example.org", "id+ZZ", NULL, "A: b\r\n",
     {{"bob@example.net", NULL, UNKNOWN, true}}, {"Status: 5.1.1"}, {"Original-Envelope-Id"}},
    {"xtext cannot add a field", "ada@example.org", "a+0D+0AEvil:+20x", NULL, "A: b\r\n",
     {{"bob@example.net", NULL, UNKNOWN, true}}, {"Status: 5.1.1"}, {"\nEvil"}},
    {"a server's words cannot add a line", "ada@example.org", NULL, "m:25", "A: b\r\n",
     {{"bob@example.net", NULL,
       {.verdict = VERDICT_REFUSED, .by_server = true, .text = (char *)"550 x\r\nEvil: y\033[2J"},
       true}},
     {"Status: 5.0.0"}, {"\nEvil", "\033"}},
    {"beyond ASCII: the types of RFC 6533", "ada@example.org", NULL, "m:25", "A: b\r\n",
     {{"j\303\274rgen@example.net", NULL, UNKNOWN, true}},
     {"Content-Type: message/global-delivery-status", "Content-Transfer-Encoding: 8bit",
      "Final-Recipient: utf-8; j\303\274rgen@example.net", "Content-Type: text/rfc822-headers",
      "Content-Type: multipart/report; report-type=global-delivery-status;"},
     {"message/delivery-status"}},
    {"a header beyond ASCII", "ada@example.org", NULL, NULL, "Subject: Gr\303\274\303\237e\r\n",
     {{"bob@example.net", NULL, UNKNOWN, true}},
     {"Content-Type: message/global-headers", "Content-Transfer-Encoding: 8bit",
      "Content-Type: message/delivery-status", "Subject: Gr\303\274\303\237e"},
     {"rfc822-headers"}},
    {"words beyond ASCII in a status that is not", "ada@example.org", NULL, "m:25", "A: b\r\n",
     {{"bob@example.net", NULL,
       {.verdict = VERDICT_REFUSED, .by_server = true, .text = (char *)"550 Gr\303\274\303\237e"},
       true}},
     {"Diagnostic-Code: smtp; 550 Gr????e", "    m:25 said: 550 Gr\303\274\303\237e",
      "Content-Transfer-Encoding: 8bit"}, {NULL}},
    {"the body stays away", "ada@example.org", NULL, NULL, "A: b\r\n\r\nsecret\r\n",
     {{"bob@example.net", NULL, UNKNOWN, true}}, {"A: b"}, {"secret"}},
};

static void make_envelope(struct envelope *v, const struct report *r, bool *failed)
{
    struct err e;

    *v = (struct envelope){.envid = r->envid ? strdup(r->envid) : NULL};
    if (!path_parse(&v->reverse_path, slice_of(r->sender), &e))
        fail_msg("%s", e.text);
    for (size_t i = 0; i < COUNT(r->to) && r->to[i].path; i++) {
        struct path path;
        if (!path_parse(&path, slice_of(r->to[i].path), &e))
            fail_msg("%s", e.text);
        envelope_add(v, &path);
        outcome_copy(&v->recipients[i].outcome, &r->to[i].outcome);
        if (r->to[i].orcpt)
            v->recipients[i].orcpt = strdup(r->to[i].orcpt);
        failed[i] = r->to[i].failed;
    }
}

static void write_report(const struct report *r, struct buf *out)
{
    bool failed[COUNT(r->to)] = {false};
    struct envelope v;
    struct message m;
    struct err e;

    make_envelope(&v, r, failed);
    message_init(&m, "/tmp");
    if (!message_set(&m, slice_of(r->header), &e))
        fail_msg("%s", e.text);
    struct dsn d = {
        .host = "mx.host.example", .domain = "host.example", .now = NOW, .arrival = NOW - 60,
        .envelope = &v, .failed = failed, .remote = r->remote, .header = &m.header,
    };
    buf_init(out, 100000);
    dsn_write(&d, out);
    message_clear(&m);
    envelope_clear(&v);
}

/* Does it stand there as a line of its own? */
static bool has_line(const struct buf *text, const char *line)
{
    struct buf wanted;

    buf_init(&wanted, 1000);
    buf_put_format(&wanted, "\r\n%s\r\n", line);
    bool first = slice_has_prefix(buf_slice(text), slice_from(buf_slice(&wanted), 2));
    bool found = first || strstr(text->data, wanted.data);
    buf_clear(&wanted);
    return found;
}

static void a_report_says_what_happened(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(reports); i++) {
        const struct report *r = &reports[i];
        struct buf text;

        write_report(r, &text);
        for (size_t k = 0; k < COUNT(r->lines) && r->lines[k]; k++)
            check_row(r->title, has_line(&text, r->lines[k]), r->lines[k]);
        for (size_t k = 0; k < COUNT(r->absent) && r->absent[k]; k++)
            check_row(r->title, !strstr(text.data, r->absent[k]), r->absent[k]);
        buf_clear(&text);
    }
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

/* RFC 6522 3: three parts, and nothing before or behind them. Lines end with CRLF, none is long. */
static void it_is_a_report_of_three_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(reports); i++) {
        struct buf text, mark;
        char boundary[64];

        write_report(&reports[i], &text);
        const char *named = strstr(text.data, "boundary=\"");
        assert_non_null(named);
        assert_int_equal(sscanf(named, "boundary=\"%63[^\"]", boundary), 1);
        buf_init(&mark, 100);
        buf_put_format(&mark, "\r\n--%s\r\nContent-Type: ", boundary);
        assert_int_equal(count_of(text.data, mark.data), 3);
        buf_reset(&mark);
        buf_put_format(&mark, "\r\n--%s--\r\n", boundary);
        assert_string_equal(text.data + text.len - mark.len, mark.data);
        buf_clear(&mark);
        for (size_t k = 0; k < text.len; k++)
            check_row(reports[i].title, text.data[k] != '\n' || (k && text.data[k - 1] == '\r'),
                      "no bare LF");
        buf_clear(&text);
    }
}

/* What is over 64 KiB of a header is left out, by whole fields. */
static void a_long_header_is_cut(void **state)
{
    struct report r = reports[0];
    struct buf header, text;

    (void)state;
    buf_init(&header, 300000);
    for (int i = 0; i < 2000; i++)
        buf_put_format(&header, "X-%d: %090d\r\n", i, i);
    r.header = header.data;
    write_report(&r, &text);
    assert_in_range(text.len, 60000, 68000);
    assert_non_null(strstr(text.data, "\r\nX-0: "));
    assert_null(strstr(text.data, "\r\nX-1999: "));
    buf_clear(&text);
    buf_clear(&header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_says_what_happened),
        cmocka_unit_test(it_is_a_report_of_three_parts),
        cmocka_unit_test(a_long_header_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
