/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "check.h"

static void take(void *argument, struct envelope *v, struct message *m, struct outcome *o)
{
    const struct outcome *given = argument;

    assert_true(v->count > 0);
    assert_true(message_size(m) > 0);
    outcome_copy(o, given);
}

/* What the server says to `input` as a whole. */
static void converse(struct slice input, struct outcome *given, struct buf *said)
{
    const struct server server = {.name = "box.example.org", .directory = "/tmp",
                                  .max_size = 1000, .argument = given, .accept = take};
    FILE *in = tmpfile(), *out = tmpfile();
    char block[4096];
    size_t got;
    struct err e;

    assert_non_null(in);
    assert_non_null(out);
    assert_int_equal(fwrite(input.data, 1, input.len, in), input.len);
    rewind(in);
    server_run(&server, fileno(in), fileno(out), &e);
    fclose(in);
    buf_init(said, 1024 * 1024);
    rewind(out);
    while ((got = fread(block, 1, sizeof block, out)) > 0)
        buf_put(said, block, got);
    fclose(out);
}

static size_t count(struct slice text, const char *line)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i = slice_find(text, '\n', i) + 1)
        n += slice_has_prefix(slice_from(text, i), slice_of(line));
    return n;
}

/* RFC 2920 3.1: a client may say much before it listens. */
static void every_command_has_its_reply(void **state)
{
    struct buf input, said;

    (void)state;
    buf_init(&input, 100000);
    for (int i = 0; i < 5000; i++)
        buf_put_text(&input, "EHLO x\r\n");
    buf_put_text(&input, "QUIT\r\n");
    converse(buf_slice(&input), NULL, &said);
    assert_int_equal(count(buf_slice(&said), "250-box.example.org\r\n"), 5000);
    assert_int_equal(count(buf_slice(&said), "250 SIZE 1000\r\n"), 5000);
    assert_int_equal(count(buf_slice(&said), "221 2.0.0 Bye\r\n"), 1);
    buf_clear(&said);
    buf_clear(&input);
}

#define OPENING "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"
#define MESSAGE "DATA\r\nSubject: x\r\n\r\n.\r\n"

/* A reply is one line of our own making, whatever the verdict's words hold. */
static void a_verdict_is_one_line(void **state)
{
    static const struct {
        struct outcome given;
        const char *said;
    } rows[] = {
        {{.verdict = VERDICT_DELIVERED, .text = "2.6.0 <x@y> Queued"},
         "250 2.0.0 <x@y> Queued\r\n221 "},
        {{.verdict = VERDICT_REFUSED, .by_server = true, .code = 550, .status = {5, 1, 1},
          .text = "550 5.1.1 No\r\n250 such"}, "550 5.1.1 No??250 such\r\n221 "},
        {{.verdict = VERDICT_DEFERRED, .by_server = true, .code = 421, .status = {4, 3, 2},
          .text = "421 4.3.2 Down"}, "451 4.3.2 Down\r\n221 "},
        {{.verdict = VERDICT_IN_DOUBT, .text = "f\xc3\xbcr \x1b[2J"},
         "451 4.0.0 f??r ?[2J\r\n221 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct outcome given = rows[i].given;
        struct buf said;
        converse(SLICE(OPENING MESSAGE "QUIT\r\n"), &given, &said);
        if (!strstr(said.data, rows[i].said))
            fail_msg("row %zu: \"%s\" is missing in:\n%s", i, rows[i].said, said.data);
        buf_clear(&said);
    }
}

static void what_a_client_must_not_say(void **state)
{
    static const struct {
        const char *input, *said;
    } rows[] = {
        {"MAIL FROM:<a@b>\r\n", "503 5.5.1 Say EHLO first"},
        {"EHLO\r\n", "501 5.5.4 Say EHLO and your name"},
        {"HELO\r\n", "501 5.5.4 Say HELO and your name"},
        {"EHLO x\r\nRCPT TO:<a@b>\r\n", "503 5.5.1 Say MAIL first"},
        {"EHLO x\r\nDATA\r\n", "503 5.5.1 Say MAIL and RCPT first"},
        {"EHLO x\r\nMAIL FROM:<>\r\nDATA\r\n", "554 5.5.1 No recipients"},
        {"EHLO x\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\n", "503 5.5.1 There is a sender already"},
        {"EHLO x\r\nMAIL FROM:<> SIZE=1001\r\n", "552 5.3.4 The message is too large"},
        {"EHLO x\r\nMAIL FROM:<\xc3\xbc@b>\r\n", "550 5.6.7 An address beyond ASCII"},
        {"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<\xc3\xbc@b>\r\n", "553 5.6.7 An address beyond"},
        {OPENING "BDAT 3\r\nabcRCPT TO:<a@b>\r\n", "503 5.5.1 Say MAIL first"},
        {OPENING "BDAT 3\r\nabcDATA\r\n", "503 5.5.1 Say MAIL and RCPT first"},
        {"EHLO x\r\nBDAT 3 LAST\r\nabcNOOP\r\n", "503 5.5.1 Say MAIL and RCPT first\r\n250 2.0.0"},
        {"EHLO x\r\nBDAT -3\r\n", "421 4.5.2 Bad BDAT\r\n"},
        {"EHLO x\r\nBDAT 99999999999999999999\r\n", "421 4.5.2 Bad BDAT\r\n"},
        {"EHLO x\r\nBDAT 3 LAST more\r\n", "421 4.5.2 Bad BDAT\r\n"},
        {OPENING "DATA\r\nSubject: x\r\nno end", "354 End with a line that is a single dot\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf said;
        converse(slice_of(rows[i].input), NULL, &said);
        if (!strstr(said.data, rows[i].said))
            fail_msg("row %zu: \"%s\" is missing in:\n%s", i, rows[i].said, said.data);
        buf_clear(&said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_has_its_reply),
        cmocka_unit_test(a_verdict_is_one_line),
        cmocka_unit_test(what_a_client_must_not_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
