/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"

struct row {
    const char *lines;       /* separated by LF */
    unsigned code;           /* 0: not a reply */
    const char *status;      /* "" for none */
    const char *words;
};

static const struct row rows[] = {
    {"250 OK", 250, "", "250 OK"},
    {"250", 250, "", "250"},
    {"250 ", 250, "", "250"},
    {"250 2.1.0 Ok", 250, "2.1.0", "250 2.1.0 Ok"},
    {"550 5.1.1 no such user", 550, "5.1.1", "550 5.1.1 no such user"},
    {"550-5.1.1 no such\n550 5.1.1 user", 550, "5.1.1", "550 5.1.1 no such user"},
    {"550-first\n550-\n550 last", 550, "", "550 first last"},
    {"550 4.1.1 class differs", 550, "", "550 4.1.1 class differs"},
    {"250 2.1", 250, "", "250 2.1"},
    {"421 4.3.2 bye", 421, "4.3.2", "421 4.3.2 bye"},
    {"250-a\n251 b", 0, "", NULL},
    {"250-a\n550 b", 0, "", NULL},
    {"", 0, "", NULL},
    {"25", 0, "", NULL},
    {"25x ok", 0, "", NULL},
    {"150 ok", 0, "", NULL},
    {"650 ok", 0, "", NULL},
    {"250ok", 0, "", NULL},
    {"2500 ok", 0, "", NULL},
    {" 250 ok", 0, "", NULL},
    {"HTTP/1.1 400 Bad Request", 0, "", NULL},
};

/* Feed every line; true when the reply was complete with the last one. */
static bool parse(struct reply *r, const char *lines, struct err *e)
{
    struct slice text = slice_of(lines);
    bool more = true;

    r->lines = 0;
    for (size_t start = 0; start <= text.len;) {
        size_t end = slice_find(text, '\n', start);
        if (!reply_parse_line(r, slice_make(text.data + start, end - start), &more, e))
            return false;
        start = end + 1;
    }
    return !more;
}

static void replies_are_parsed_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply r;
        struct err e = {.kind = ERR_NONE};
        struct buf status;

        reply_init(&r);
        buf_init(&status, 32);
        bool ok = parse(&r, rows[i].lines, &e);
        if (ok != (rows[i].code != 0))
            fail_msg("row %zu: \"%s\"", i, rows[i].lines);
        if (ok) {
            char *words = reply_words(&r);
            status_format(&status, r.status);
            assert_int_equal(r.code, rows[i].code);
            assert_string_equal(status.data ? status.data : "", rows[i].status);
            assert_string_equal(words, rows[i].words);
            free(words);
        } else {
            assert_int_equal(e.kind, ERR_PROTOCOL);
        }
        buf_clear(&status);
        reply_clear(&r);
    }
}

static void words_stay_on_one_line(void **state)
{
    struct reply r;
    struct err e;
    bool more;

    (void)state;
    reply_init(&r);
    assert_true(reply_parse_line(&r, SLICE("550 a\0b\rc\r\r"), &more, &e));
    char *words = reply_words(&r);
    assert_string_equal(words, "550 a?b?c??");
    free(words);
    reply_clear(&r);
}

static void a_reply_without_end_is_refused(void **state)
{
    struct reply r;
    struct err e;
    bool more = true;
    unsigned lines = 0;

    (void)state;
    reply_init(&r);
    while (lines < 100000 && reply_parse_line(&r, SLICE("250-x"), &more, &e))
        lines++;
    assert_int_equal(lines, LIMIT_REPLY_LINES);
    reply_clear(&r);
}

static void words_are_bounded(void **state)
{
    struct reply r;
    struct err e;
    char line[2000];
    bool more;

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "550-", 4);
    reply_init(&r);
    for (int i = 0; i < 10; i++)
        assert_true(reply_parse_line(&r, slice_make(line, sizeof line), &more, &e));
    char *words = reply_words(&r);
    assert_in_range(strlen(words), 900, LIMIT_REPLY_TEXT);
    free(words);
    reply_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_parsed_or_refused),
        cmocka_unit_test(words_stay_on_one_line),
        cmocka_unit_test(a_reply_without_end_is_refused),
        cmocka_unit_test(words_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
