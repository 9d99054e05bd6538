/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "net/duplex.h"

#include "check.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"

struct pipes {
    int in[2], out[2];       /* [0] to read from, [1] to write to */
    struct duplex duplex;
};

static void begin(struct pipes *p)
{
    assert_int_equal(pipe(p->in), 0);
    assert_int_equal(pipe(p->out), 0);
    duplex_init(&p->duplex, p->in[0], p->out[1]);
}

static void end(struct pipes *p)
{
    duplex_clear(&p->duplex);
    for (int i = 0; i < 2; i++) {
        if (p->in[i] >= 0)
            close(p->in[i]);
        if (p->out[i] >= 0)
            close(p->out[i]);
    }
}

static void hang_up(int *fd)
{
    close(*fd);
    *fd = -1;
}

static void what_arrives_is_taken_bit_by_bit(void **state)
{
    struct pipes p;
    struct err e;

    (void)state;
    begin(&p);
    assert_int_equal(write(p.in[1], "one two", 7), 7);
    assert_true(duplex_read(&p.duplex, deadline_in(20000), &e));
    check_text("input", duplex_input(&p.duplex), "one two");
    duplex_take(&p.duplex, 4);
    check_text("rest", duplex_input(&p.duplex), "two");
    hang_up(&p.in[1]);
    assert_true(duplex_read(&p.duplex, deadline_in(20000), &e));
    assert_true(p.duplex.ended);
    check_text("rest", duplex_input(&p.duplex), "two");
    /* Nobody waits behind the end. */
    assert_true(duplex_read(&p.duplex, deadline_in(20000), &e));
    end(&p);
}

static void silence_ends(void **state)
{
    struct pipes p;
    struct err e;

    (void)state;
    begin(&p);
    assert_false(duplex_read(&p.duplex, deadline_in(20), &e));
    assert_int_equal(e.kind, ERR_TIMEOUT);
    end(&p);
}

static void a_full_buffer_reads_no_more(void **state)
{
    static char block[4096];
    struct pipes p;
    struct err e;

    (void)state;
    begin(&p);
    for (size_t have = 0; have < LIMIT_BLOCK; have += sizeof block) {
        assert_int_equal(write(p.in[1], block, sizeof block), sizeof block);
        assert_true(duplex_read(&p.duplex, deadline_in(20000), &e));
    }
    assert_int_equal(duplex_input(&p.duplex).len, LIMIT_BLOCK);
    assert_true(duplex_read(&p.duplex, deadline_in(20000), &e));
    assert_int_equal(duplex_input(&p.duplex).len, LIMIT_BLOCK);
    end(&p);
}

static void who_does_not_read_is_not_waited_for(void **state)
{
    static const char line[1000];
    struct pipes p;
    struct err e;
    bool ok = true;

    (void)state;
    begin(&p);
    for (int i = 0; i < 1000 && ok; i++) {
        duplex_put(&p.duplex, slice_make(line, sizeof line));
        assert_int_equal(duplex_pending(&p.duplex), sizeof line);
        ok = duplex_flush(&p.duplex, deadline_in(20), &e);
    }
    assert_false(ok);
    assert_int_equal(e.kind, ERR_TIMEOUT);
    end(&p);
}

static void who_is_gone_is_an_error(void **state)
{
    struct pipes p;
    struct err e;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    begin(&p);
    hang_up(&p.out[0]);
    duplex_put(&p.duplex, SLICE("hello"));
    assert_false(duplex_flush(&p.duplex, deadline_in(20000), &e));
    assert_int_equal(e.kind, ERR_IO);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_arrives_is_taken_bit_by_bit),
        cmocka_unit_test(silence_ends),
        cmocka_unit_test(a_full_buffer_reads_no_more),
        cmocka_unit_test(who_does_not_read_is_not_waited_for),
        cmocka_unit_test(who_is_gone_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
