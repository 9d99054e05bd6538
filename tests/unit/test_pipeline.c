/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/pipeline.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "check.h"

/* A server in a process of its own plays these turns: it reads until what it got since the last
 * turn ends with `until`, then says `reply`; NULL ends the list, and the connection. */
struct turn {
    const char *until;
    const char *reply;
};

enum { MESSAGES = 3 };

struct scene {
    struct session_params params;
    struct session session;
    struct pipeline pipeline;
    struct message message;
    struct envelope envelopes[MESSAGES];
    struct transaction transactions[MESSAGES];
    pid_t server;
};

static bool ends_with(const struct buf *b, const char *end)
{
    size_t len = strlen(end);

    return b->len >= len && memcmp(b->data + b->len - len, end, len) == 0;
}

static void play(int fd, const struct turn *turns)
{
    struct buf got;
    char byte;

    buf_init(&got, 1 << 20);
    for (; turns->until; turns++) {
        buf_reset(&got);
        while (!ends_with(&got, turns->until))
            if (read(fd, &byte, 1) != 1)
                _exit(1);
            else
                buf_put_byte(&got, byte);
        size_t len = strlen(turns->reply);
        if (write(fd, turns->reply, len) != (ssize_t)len)
            _exit(2);
    }
    close(fd);
    buf_clear(&got);
    _exit(0);
}

static void set_message(struct scene *s)
{
    struct err e;

    message_init(&s->message, "/tmp");
    assert_true(header_add(&s->message.header, "Subject", SLICE("x"), &e));
    assert_true(spill_put(&s->message.body, SLICE("text\r\n"), &e));
    message_measure(&s->message);
}

static void set_envelope(struct envelope *v, size_t number)
{
    char text[] = "r0@example.net";
    struct path path = {0};
    struct err e;

    assert_true(path_parse(&v->reverse_path, SLICE("ada@example.org"), &e));
    text[1] = (char)('1' + number);
    assert_true(path_parse(&path, slice_of(text), &e));
    envelope_add(v, &path);
}

static void set_up(struct scene *s, const char *capabilities, const struct turn *turns)
{
    struct reply ehlo;
    int fds[2];

    *s = (struct scene){.params = {.timeout = 5000, .overall = 20000}};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    s->server = fork();
    assert_true(s->server >= 0);
    if (s->server == 0) {
        close(fds[0]);
        fcntl(fds[1], F_SETFL, 0);
        play(fds[1], turns);
    }
    close(fds[1]);
    s->session = (struct session){.params = &s->params, .is_open = true};
    stream_init(&s->session.stream, fds[0], deadline_in(20000));
    reply_init(&s->session.reply);
    reply_init(&ehlo);
    buf_put_format(&ehlo.text, "mx\n%s", capabilities);
    capabilities_parse(&s->session.capabilities, &ehlo);
    reply_clear(&ehlo);
    set_message(s);
    pipeline_init(&s->pipeline, &s->session);
    for (size_t i = 0; i < MESSAGES; i++) {
        set_envelope(&s->envelopes[i], i);
        s->transactions[i] = (struct transaction){.envelope = &s->envelopes[i],
                                                  .message = &s->message};
    }
}

/* Adds all that find room, takes all that come back; how many did. */
static size_t run(struct scene *s)
{
    size_t taken = 0;

    for (size_t i = 0; i < MESSAGES && pipeline_has_room(&s->pipeline); i++)
        pipeline_add(&s->pipeline, &s->transactions[i]);
    while (pipeline_take(&s->pipeline, true))
        taken++;
    return taken;
}

static void tear_down(struct scene *s, bool server_was_content)
{
    int status;

    session_abort(&s->session);
    assert_int_equal(waitpid(s->server, &status, 0), s->server);
    assert_true(WIFEXITED(status));
    if (server_was_content)
        assert_int_equal(WEXITSTATUS(status), 0);
    for (size_t i = 0; i < MESSAGES; i++)
        envelope_clear(&s->envelopes[i]);
    message_clear(&s->message);
}

static void expect_verdicts(const struct scene *s, const enum verdict *verdicts)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        const struct outcome *o = &s->envelopes[i].recipients[0].outcome;
        if (o->verdict != verdicts[i])
            fail_msg("message %zu: %s, not %s (%s)", i, verdict_name(o->verdict),
                     verdict_name(verdicts[i]), o->text ? o->text : "");
    }
}

#define OK "250 ok\r\n"

/* Where the third message is there as a whole. */
#define ALL_HERE "RCPT TO:<r3@example.net>\r\nBDAT 20 LAST\r\nSubject: x\r\n\r\ntext\r\n"

static void chunks_go_back_to_back(void **state)
{
    /* Nothing is answered before the third message is there. */
    static const struct turn turns[] = {
        {ALL_HERE,
         OK OK OK                                            /* MAIL RCPT BDAT */
         OK OK "550 5.1.1 unknown\r\n" "554 nobody\r\n"      /* RSET MAIL RCPT BDAT */
         OK OK OK "451 4.3.0 later\r\n"},
        {NULL, NULL},
    };
    static const enum verdict verdicts[] = {VERDICT_DELIVERED, VERDICT_REFUSED, VERDICT_DEFERRED};
    struct scene s;

    (void)state;
    set_up(&s, "PIPELINING\nCHUNKING", turns);
    assert_int_equal(run(&s), MESSAGES);
    expect_verdicts(&s, verdicts);
    tear_down(&s, true);
}

static void mail_rides_behind_the_dot(void **state)
{
    static const struct turn turns[] = {
        {"RCPT TO:<r1@example.net>\r\nDATA\r\n", OK OK "354 go\r\n"},
        {".\r\nMAIL FROM:<ada@example.org>\r\nRCPT TO:<r2@example.net>\r\nDATA\r\n",
         OK OK "550 5.1.1 unknown\r\n" "503 nobody\r\n"},
        /* Not brought to its end: RSET. */
        {"RSET\r\nMAIL FROM:<ada@example.org>\r\nRCPT TO:<r3@example.net>\r\nDATA\r\n",
         OK OK OK "354 go\r\n"},
        {"\r\n.\r\n", "554 5.7.1 spam\r\n"},
        {NULL, NULL},
    };
    static const enum verdict verdicts[] = {VERDICT_DELIVERED, VERDICT_REFUSED, VERDICT_REFUSED};
    struct scene s;

    (void)state;
    set_up(&s, "PIPELINING", turns);
    assert_int_equal(run(&s), MESSAGES);
    expect_verdicts(&s, verdicts);
    tear_down(&s, true);
}

static void without_pipelining_one_after_the_other(void **state)
{
#define MAIL "MAIL FROM:<ada@example.org>\r\n"
    static const struct turn turns[] = {
        {MAIL, OK}, {"RCPT TO:<r1@example.net>\r\n", OK}, {"text\r\n", OK},
        {MAIL, OK}, {"RCPT TO:<r2@example.net>\r\n", OK}, {"text\r\n", "451 later\r\n"},
        {"RSET\r\n", OK},
        {MAIL, OK}, {"RCPT TO:<r3@example.net>\r\n", OK}, {"text\r\n", OK},
        {NULL, NULL},
    };
    static const enum verdict verdicts[] = {VERDICT_DELIVERED, VERDICT_DEFERRED,
                                            VERDICT_DELIVERED};
    struct scene s;

    (void)state;
    set_up(&s, "CHUNKING", turns);
    assert_int_equal(run(&s), MESSAGES);
    expect_verdicts(&s, verdicts);
    tear_down(&s, true);
}

static void what_was_sent_and_not_answered_is_in_doubt(void **state)
{
    static const struct turn turns[] = {{ALL_HERE, OK OK OK OK OK}, {NULL, NULL}};
    static const enum verdict verdicts[] = {VERDICT_DELIVERED, VERDICT_IN_DOUBT, VERDICT_IN_DOUBT};
    struct scene s;

    (void)state;
    set_up(&s, "PIPELINING\nCHUNKING", turns);
    assert_int_equal(run(&s), MESSAGES);
    expect_verdicts(&s, verdicts);
    assert_false(pipeline_is_usable(&s.pipeline));
    tear_down(&s, true);
}

static void behind_421_nothing_was_taken(void **state)
{
    static const struct turn turns[] = {
        {ALL_HERE, OK OK OK OK "421 4.3.2 enough for one session\r\n"}, {NULL, NULL}};
    static const enum verdict verdicts[] = {VERDICT_DELIVERED, VERDICT_NONE, VERDICT_NONE};
    struct scene s;

    (void)state;
    set_up(&s, "PIPELINING\nCHUNKING", turns);
    assert_int_equal(run(&s), MESSAGES);
    expect_verdicts(&s, verdicts);
    tear_down(&s, true);
}

static void the_first_one_is_blamed_for_421(void **state)
{
    static const struct turn turns[] = {{ALL_HERE, "421 4.3.2 going down\r\n"}, {NULL, NULL}};
    static const enum verdict verdicts[] = {VERDICT_DEFERRED, VERDICT_NONE, VERDICT_NONE};
    struct scene s;

    (void)state;
    set_up(&s, "PIPELINING\nCHUNKING", turns);
    assert_int_equal(run(&s), MESSAGES);
    expect_verdicts(&s, verdicts);
    tear_down(&s, true);
}

static void mailmax_ends_the_session(void **state)
{
    static const struct turn turns[] = {
        {"RCPT TO:<r2@example.net>\r\nBDAT 20 LAST\r\nSubject: x\r\n\r\ntext\r\n",
         OK OK OK OK OK OK OK},
        {NULL, NULL},
    };
    static const enum verdict verdicts[] = {VERDICT_DELIVERED, VERDICT_DELIVERED, VERDICT_NONE};
    struct scene s;

    (void)state;
    set_up(&s, "PIPELINING\nCHUNKING\nLIMITS MAILMAX=2", turns);
    assert_int_equal(run(&s), 2);
    expect_verdicts(&s, verdicts);
    tear_down(&s, true);
}

static void a_failed_reset_ends_the_session(void **state)
{
    static const struct turn turns[] = {
        {ALL_HERE, OK OK OK "500 what\r\n"}, {NULL, NULL}};
    static const enum verdict verdicts[] = {VERDICT_DELIVERED, VERDICT_NONE, VERDICT_NONE};
    struct scene s;

    (void)state;
    set_up(&s, "PIPELINING\nCHUNKING", turns);
    assert_int_equal(run(&s), MESSAGES);
    expect_verdicts(&s, verdicts);
    tear_down(&s, true);
}

static void nothing_is_answered_unasked(void **state)
{
    static const struct turn turns[] = {
        {"text\r\n", OK OK OK OK OK OK OK OK}, {ALL_HERE, ""}, {NULL, NULL}};
    struct scene s;

    (void)state;
    set_up(&s, "PIPELINING\nCHUNKING", turns);
    pipeline_add(&s.pipeline, &s.transactions[0]);
    assert_ptr_equal(pipeline_take(&s.pipeline, true), &s.transactions[0]);
    assert_int_equal(s.envelopes[0].recipients[0].outcome.verdict, VERDICT_DELIVERED);
    pipeline_add(&s.pipeline, &s.transactions[1]);
    assert_ptr_equal(pipeline_take(&s.pipeline, true), &s.transactions[1]);
    assert_int_not_equal(s.envelopes[1].recipients[0].outcome.verdict, VERDICT_DELIVERED);
    assert_false(pipeline_is_usable(&s.pipeline));
    tear_down(&s, false);
}

/* Nothing of them is left behind, which tools that look for leaks see, and nobody has a verdict. */
static void what_is_under_way_can_be_abandoned(void **state)
{
    static const struct turn turns[] = {{ALL_HERE, ""}, {NULL, NULL}};
    struct scene s;

    (void)state;
    set_up(&s, "PIPELINING\nCHUNKING", turns);
    for (size_t i = 0; i < MESSAGES; i++)
        pipeline_add(&s.pipeline, &s.transactions[i]);
    for (size_t i = 0; i < MESSAGES; i++) {
        assert_ptr_equal(pipeline_abandon(&s.pipeline), &s.transactions[i]);
        assert_null(s.transactions[i].members);
        assert_int_equal(s.envelopes[i].recipients[0].outcome.verdict, VERDICT_NONE);
    }
    assert_null(pipeline_abandon(&s.pipeline));
    assert_null(pipeline_take(&s.pipeline, true));
    tear_down(&s, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_go_back_to_back),
        cmocka_unit_test(mail_rides_behind_the_dot),
        cmocka_unit_test(without_pipelining_one_after_the_other),
        cmocka_unit_test(what_was_sent_and_not_answered_is_in_doubt),
        cmocka_unit_test(behind_421_nothing_was_taken),
        cmocka_unit_test(the_first_one_is_blamed_for_421),
        cmocka_unit_test(mailmax_ends_the_session),
        cmocka_unit_test(a_failed_reset_ends_the_session),
        cmocka_unit_test(nothing_is_answered_unasked),
        cmocka_unit_test(what_is_under_way_can_be_abandoned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
