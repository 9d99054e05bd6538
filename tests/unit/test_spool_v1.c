/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "spools.h"

/* The spool that an early version has left behind, copied to where it may be written. */
static int begin(void **state)
{
    static struct spools p;
    const char *source = getenv("top_srcdir");
    char line[1000];

    spools_place(&p);
    snprintf(line, sizeof line, "cp -R '%s/tests/unit/spool-v1' '%s' && rm '%s/README' && "
                                "chmod -R u=rwX,go= '%s'", source ? source : ".", p.path, p.path,
             p.path);
    assert_int_equal(system(line), 0);
    spools_open(&p);
    *state = &p;
    return 0;
}

static int end(void **state)
{
    spools_end(*state);
    return 0;
}

static const struct sample {
    const char *id;
    enum entry_state state;
    uint64_t tries, size;
    const char *to, *reason, *about;
    bool has_8bit;
    unsigned notify;
    const char *subject;
} samples[] = {
    {"1ngeenf45afbg74j", ENTRY_QUEUED, 1, 138, "carol@example.net", "451 4.2.1 Mailbox busy", NULL,
     false, 0, "\r\nSubject: deferred\r\n"},
    {"1ngeenfcmwyx3n80", ENTRY_BOUNCING, 1, 138, "bob@example.net", "550 5.1.1 No such user", NULL,
     false, 0, "\r\nSubject: bouncing\r\n"},
    {"1ngeenfcmwyx3n80-1", ENTRY_QUEUED, 1, 1219, "ada@example.org", "451 4.3.0 Later",
     "1ngeenfcmwyx3n80", false, 0, "\r\nSubject: Undelivered mail: returned to sender\r\n"},
    {"1ngeenfdnc5eq059", ENTRY_QUEUED, 0, 127, "heidi@example.net", NULL, NULL, true, 0,
     "Subject: Gr\303\274\303\237e\r\n"},
    {"1ngeenfdty3xcdjc", ENTRY_FAILED, 1, 132, "dave@example.net", "550 5.7.1 Not you", NULL,
     false, 0, "\r\nSubject: failed\r\n"},
    {"1ngeenfpmfrhaa65", ENTRY_QUEUED, 0, 129, "frank@example.net", NULL, NULL, false,
     NOTIFY_FAILURE | NOTIFY_DELAY, "\r\nSubject: fresh\r\n"},
};

static void check_entry(const struct sample *s, const struct entry *en)
{
    const struct recipient *r = &en->envelope.recipients[0];

    check_row(s->id, entry_state(en) == s->state, "has its state");
    check_row(s->id, en->tries == s->tries && en->size == s->size, "has its numbers");
    check_row(s->id, en->has_8bit == s->has_8bit && r->notify == s->notify, "asks for the same");
    check_text(s->id, path_address(&r->path), s->to);
    check_text(s->id, slice_of(r->outcome.text ? r->outcome.text : ""), s->reason ? s->reason : "");
    check_text(s->id, slice_of(en->about ? en->about : ""), s->about ? s->about : "");
    check_text(s->id, slice_of(en->account), "t");
    assert_int_equal(en->created, 1795635887);
}

static void check_message(const struct sample *s, const struct taken *t)
{
    struct message m;
    struct message_reader reader = {0};
    struct slice piece;
    struct buf text;
    struct err e;

    buf_init(&text, 100000);
    assert_true(taken_message(t, &m, &e));
    while (message_next(&m, &reader, 1000, &piece, &e) && piece.len)
        buf_put_slice(&text, piece);
    check_row(s->id, text.len == s->size, "is as long as it was");
    check_contains(s->id, text.data, s->subject);
    message_reader_clear(&reader);
    message_clear(&m);
    buf_clear(&text);
}

/* Read, changed and read again: the same, but for what was changed. */
static void every_entry_is_read_and_written(void **state)
{
    struct spools *p = *state;
    struct err e;

    for (size_t i = 0; i < COUNT(samples); i++) {
        const struct sample *s = &samples[i];
        struct taken t;
        struct entry en;

        if (spool_take(&p->spool, s->id, &t, &e) != SPOOL_FOUND)
            fail_msg("%s: %s", s->id, e.text);
        check_entry(s, &t.entry);
        check_message(s, &t);
        t.entry.held = true;
        check_row(s->id, spool_update(&p->spool, &t, &e), "can be changed");
        taken_release(&t);
        assert_int_equal(spool_look(&p->spool, s->id, &en, &e), SPOOL_FOUND);
        check_row(s->id, en.held, "is held now");
        en.held = false;
        check_entry(s, &en);
        entry_clear(&en);
    }
}

static void nothing_else_is_seen_and_nothing_stays(void **state)
{
    struct spools *p = *state;
    struct strings ids = {0}, strangers = {0};
    struct err e;

    assert_true(spool_list(&p->spool, &ids, &strangers, &e));
    assert_int_equal(ids.count, COUNT(samples));
    assert_int_equal(strangers.count, 0);
    for (size_t i = 0; i < ids.count; i++) {
        assert_string_equal(ids.items[i], samples[i].id);
        assert_true(spool_remove(&p->spool, ids.items[i], &e));
    }
    assert_true(spool_is_empty(&p->spool));
    assert_int_equal(spool_aside_count(&p->spool), 0);
    strings_clear(&ids);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_entry_is_read_and_written),
        TEST(nothing_else_is_seen_and_nothing_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
