/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "net/srv.h"

/* Answers as they come from a name server (RFC 1035 4.1): one question, for "a.b". */
#define HEAD(records) "\x12\x34\x81\x80\0\1\0" records "\0\0\0\0" "\1a\1b\0\0\x21\0\1"
#define NAME "\xc0\x0c"      /* the question's */
#define FIXED(type, len) NAME "\0" type "\0\1\0\0\0\x3c\0" len
#define SRV(priority, weight, port, len, target) \
    FIXED("\x21", len) "\0" priority "\0" weight port target

struct row {
    const char *name;
    struct slice answer;
    const char *host;        /* NULL: none is to be found */
    unsigned port;
};

static const struct row rows[] = {
    {"one", TEXT(HEAD("\1") SRV("\0", "\0", "\2\x4b", "\x09", "\1m\0")), "m", 587},
    {"its target by a pointer", TEXT(HEAD("\1") SRV("\0", "\0", "\2\x4b", "\x0a", "\1m\xc0\x0c")),
     "m.a.b", 587},
    {"the lowest priority", TEXT(HEAD("\2") SRV("\2", "\0", "\0\1", "\x09", "\1m\0")
                                 SRV("\1", "\0", "\0\2", "\x09", "\1n\0")), "n", 2},
    {"of the same the heaviest", TEXT(HEAD("\3") SRV("\1", "\1", "\0\1", "\x09", "\1m\0")
                                      SRV("\1", "\5", "\0\2", "\x09", "\1n\0")
                                      SRV("\1", "\4", "\0\3", "\x09", "\1o\0")), "n", 2},
    {"the first of equals", TEXT(HEAD("\2") SRV("\1", "\1", "\0\1", "\x09", "\1m\0")
                                 SRV("\1", "\1", "\0\2", "\x09", "\1n\0")), "m", 1},
    {"an alias before it", TEXT(HEAD("\2") FIXED("\5", "\3") "\1x\0"
                                SRV("\1", "\1", "\0\2", "\x09", "\1n\0")), "n", 2},
    {"said not to exist", TEXT(HEAD("\1") SRV("\0", "\0", "\0\1", "\7", "\0")), NULL, 0},
    {"without a port", TEXT(HEAD("\1") SRV("\0", "\0", "\0\0", "\x09", "\1m\0")), NULL, 0},
    {"nothing", TEXT(HEAD("\0")), NULL, 0},
    {"another type", TEXT(HEAD("\1") FIXED("\1", "\4") "\1\2\3\4"), NULL, 0},
    {"data too short for a target", TEXT(HEAD("\1") FIXED("\x21", "\6") "\0\0\0\0\0\1"), NULL, 0},
    {"data longer than the answer", TEXT(HEAD("\1") SRV("\0", "\0", "\0\1", "\x60", "\1m\0")),
     NULL, 0},
    {"a target beyond the answer", TEXT(HEAD("\1") SRV("\0", "\0", "\0\1", "\x08", "\x20m")),
     NULL, 0},
    {"a pointer to itself", TEXT(HEAD("\1") SRV("\0", "\0", "\0\1", "\x08", "\xc0\x27")), NULL, 0},
    {"more records told than there are", TEXT(HEAD("\7") SRV("\0", "\0", "\0\1", "\x09", "\1m\0")),
     "m", 1},
};

static void check_answer(const struct row *row, size_t len, bool whole)
{
    /* Behind its end, tools that look for such things notice a step too far. */
    unsigned char *answer = malloc(len ? len : 1);
    struct srv found = {.implicit_tls = true};

    assert_non_null(answer);
    memcpy(answer, row->answer.data, len);
    bool ok = srv_choose(answer, (int)len, &found);
    free(answer);
    if (!whole)
        return;
    check_row(row->name, ok == (row->host != NULL), "whether one is found");
    if (ok) {
        check_row(row->name, strcmp(found.host, row->host) == 0, found.host);
        assert_int_equal(found.port, row->port);
        assert_true(found.implicit_tls);
    }
}

static void the_record_to_try_first_is_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_answer(&rows[i], rows[i].answer.len, true);
}

static void an_answer_may_end_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t len = 0; len < rows[i].answer.len; len++)
            check_answer(&rows[i], len, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_to_try_first_is_chosen),
        cmocka_unit_test(an_answer_may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
