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

/* What this server says to `input` as a whole. */
static void converse_with(const struct server *server, struct slice input, struct buf *said)
{
    FILE *in = tmpfile(), *out = tmpfile();
    char block[4096];
    size_t got;
    struct err e;

    assert_non_null(in);
    assert_non_null(out);
    assert_int_equal(fwrite(input.data, 1, input.len, in), input.len);
    rewind(in);
    server_run(server, fileno(in), fileno(out), &e);
    fclose(in);
    buf_init(said, 1024 * 1024);
    rewind(out);
    while ((got = fread(block, 1, sizeof block, out)) > 0)
        buf_put(said, block, got);
    fclose(out);
}

static void converse(struct slice input, struct outcome *given, struct buf *said)
{
    const struct server server = {.name = "box.example.org", .directory = "/tmp",
                                  .max_size = 1000, .argument = given, .accept = take};

    converse_with(&server, input, said);
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

/* What there is room for, and the reply when there is none. */
struct room {
    uint64_t octets;
    const char *reply;
    unsigned asked, taken;
};

static const char *admit(void *argument, uint64_t octets, bool is_new)
{
    struct room *room = argument;

    assert_true(is_new || room->asked > 0);
    room->asked++;
    return octets > room->octets ? room->reply : NULL;
}

static void take_into_room(void *argument, struct envelope *v, struct message *m,
                           struct outcome *o)
{
    struct room *room = argument;

    (void)v, (void)m;
    room->taken++;
    *o = (struct outcome){.verdict = VERDICT_DELIVERED};
}

#define NOT_NOW "452 4.3.1 Not now"
#define NEVER "421 4.3.2 Never"

static bool ends_with(const struct buf *text, const char *end)
{
    size_t len = strlen(end);

    return text->len >= len && strcmp(text->data + text->len - len, end) == 0;
}

static void a_message_is_admitted_or_not(void **state)
{
    static const struct {
        const char *mail;            /* parameters */
        uint64_t room;
        const char *reply, *said;
        unsigned taken;
    } rows[] = {
        {"", 1 << 20, NOT_NOW, "250 2.0.0 \r\n250 2.0.0 Ok\r\n221 ", 1},
        {" SIZE=5", 1 << 20, NOT_NOW, "250 2.0.0 \r\n250 2.0.0 Ok\r\n221 ", 1},
        {" SIZE=500", 499, NOT_NOW, "\r\n" NOT_NOW "\r\n503 ", 0},
        {" SIZE=500", 499, NEVER, "\r\n" NEVER "\r\n", 0},
        /* It said little, or nothing, and is large: heard to its end, or cut. */
        {" SIZE=5", 499, NOT_NOW, "354 End with a line that is a single dot\r\n" NOT_NOW
                                  "\r\n250 2.0.0 Ok\r\n221 ", 0},
        {"", 499, NEVER, "354 End with a line that is a single dot\r\n" NEVER "\r\n", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct room room = {.octets = rows[i].room, .reply = rows[i].reply};
        const struct server server = {.name = "box.example.org", .directory = "/tmp",
                                      .argument = &room, .accept = take_into_room,
                                      .admit = admit};
        struct buf input, said;
        buf_init(&input, 100000);
        buf_put_format(&input, "EHLO x\r\nMAIL FROM:<a@b.example>%s\r\n", rows[i].mail);
        buf_put_text(&input, "RCPT TO:<c@d.example>\r\nDATA\r\nSubject: x\r\n\r\n");
        for (int n = 0; n < 1000; n++)
            buf_put_text(&input, "some text\r\n");
        buf_put_text(&input, ".\r\nNOOP\r\nQUIT\r\n");
        converse_with(&server, buf_slice(&input), &said);
        if (!strstr(said.data, rows[i].said) || room.taken != rows[i].taken)
            fail_msg("row %zu: taken %u; \"%s\" is missing in:\n%s", i, room.taken, rows[i].said,
                     said.data);
        /* After 421 nothing is said. */
        if (strcmp(rows[i].reply, NEVER) == 0)
            assert_true(ends_with(&said, NEVER "\r\n"));
        buf_clear(&said);
        buf_clear(&input);
    }
}

static void who_is_called_away_says_so(void **state)
{
    int ends[2];
    struct buf said;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    const struct server server = {.name = "box.example.org", .directory = "/tmp",
                                  .accept = take, .stop = ends[0], .grace = 1000};
    converse_with(&server, SLICE(OPENING MESSAGE "QUIT\r\n"), &said);
    close(ends[0]);
    assert_true(ends_with(&said, "\r\n421 4.3.2 The service is ending; try again later\r\n"));
    assert_int_equal(count(buf_slice(&said), "250 2.1.0"), 0);
    buf_clear(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_has_its_reply),
        cmocka_unit_test(a_verdict_is_one_line),
        cmocka_unit_test(what_a_client_must_not_say),
        cmocka_unit_test(a_message_is_admitted_or_not),
        cmocka_unit_test(who_is_called_away_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
