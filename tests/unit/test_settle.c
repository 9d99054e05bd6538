/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "spools.h"

#include <stdio.h>

#include "base/clock.h"
#include "queue/schedule.h"
#include "relay/settle.h"

#define NOW 1800000000
#define LIFETIME 1000

/* A spool of its own, and an account. */
struct desk {
    struct spools place;
    struct keeper keeper;
    struct account account;
};

static int begin(void **state)
{
    static struct desk d;

    d = (struct desk){.account = {.name = (char *)"test", .syslog = ACCOUNT_SYSLOG_NO,
                                  .queue_lifetime = LIFETIME, .retry_after = 60}};
    spools_place(&d.place);
    spools_open(&d.place);
    d.keeper = (struct keeper){.spool = &d.place.spool, .host = "mx.host.example",
                               .domain = "host.example"};
    clock_fix(NOW);
    *state = &d;
    return 0;
}

static int end(void **state)
{
    struct desk *d = *state;

    spools_end(&d->place);
    clock_fix(0);
    return 0;
}

static void add_recipient(struct envelope *v, const char *address)
{
    struct path path;
    struct err e;

    assert_true(path_parse(&path, slice_of(address), &e));
    envelope_add(v, &path);
}

/* A message for bob, who asks for `notify`, and carol, which was tried `age` seconds ago. */
static void commit(const struct desk *d, const char *sender, unsigned notify, time_t age, char *id)
{
    static const char *const to[] = {"bob@example.net", "carol@example.net", NULL};
    struct entry en = {.created = NOW - age, .last = NOW - age};
    struct taken t;
    struct err e;

    spools_commit(&d->place, &en, sender, to);
    snprintf(id, ENTRY_ID_MAX + 1, "%s", en.id);
    entry_clear(&en);
    if (!notify)
        return;
    assert_int_equal(spool_take(&d->place.spool, id, &t, &e), SPOOL_FOUND);
    t.entry.envelope.recipients[0].notify = notify;
    assert_true(spool_update(&d->place.spool, &t, &e));
    taken_release(&t);
}

/* One attempt: bob gets the outcome, others are served. */
static enum settled attempt(const struct desk *d, const char *id, const struct outcome *o,
                            bool down)
{
    struct taken t;
    struct message m;
    struct err e;

    if (spool_take(&d->place.spool, id, &t, &e) != SPOOL_FOUND || !taken_message(&t, &m, &e))
        fail_msg("%s: %s", id, e.text);
    settle_prepare(&t.entry);
    struct envelope *v = &t.entry.envelope;
    struct delivery delivery = {.id = t.entry.id, .account = &d->account, .message = &m,
                                .envelope = v};
    snprintf(delivery.server, sizeof delivery.server, "mail.example.net:587");
    for (size_t i = 0; i < v->count; i++) {
        static const struct outcome served = {.verdict = VERDICT_DELIVERED, .by_server = true,
                                              .code = 250};
        if (v->recipients[i].outcome.verdict == VERDICT_NONE)
            outcome_copy(&v->recipients[i].outcome, i == 0 ? o : &served);
    }
    enum settled settled = settle_attempt(&d->keeper, &t, &d->account, &delivery, down);
    message_clear(&m);
    taken_release(&t);
    return settled;
}

/* Of the entries, the one that is about `id`; its name in `bounce`, or "". */
static void find_bounce(const struct desk *d, const char *id, char *bounce)
{
    struct strings ids = {0};
    struct entry en;
    struct err e;

    bounce[0] = '\0';
    assert_true(spool_list(&d->place.spool, &ids, NULL, &e));
    for (size_t i = 0; i < ids.count; i++) {
        assert_int_equal(spool_look(&d->place.spool, ids.items[i], &en, &e), SPOOL_FOUND);
        if (en.about && strcmp(en.about, id) == 0)
            snprintf(bounce, ENTRY_ID_MAX + 1, "%s", ids.items[i]);
        entry_clear(&en);
    }
    strings_clear(&ids);
}

#define BY_SERVER(the_verdict, the_code, ...)                                                      \
    {                                                                                              \
        .verdict = (the_verdict), .by_server = true, .code = (the_code), .status = __VA_ARGS__,    \
        .step = "recipient", .text = (char *)"words"                                               \
    }
#define BY_US(the_verdict, the_kind)                                                               \
    {                                                                                              \
        .verdict = (the_verdict), .kind = (the_kind), .text = (char *)"words"                      \
    }

/* What an attempt means for a message, by its outcome, its age and its sender. */
struct meaning {
    const char *title, *sender;
    unsigned notify;
    time_t age;
    struct outcome outcome;
    enum settled settled;
    enum entry_state state;  /* if it was kept */
    bool bounces;
};

static const struct meaning meanings[] = {
    {"served", "ada@x.org", 0, 0, BY_SERVER(VERDICT_DELIVERED, 250, {0}), SETTLED_GONE, 0, false},
    {"put off", "ada@x.org", 0, 0, BY_SERVER(VERDICT_DEFERRED, 451, {4, 3, 0}), SETTLED_KEPT,
     ENTRY_QUEUED, false},
    {"put off too long", "ada@x.org", 0, LIFETIME, BY_SERVER(VERDICT_DEFERRED, 451, {4, 3, 0}),
     SETTLED_KEPT, ENTRY_BOUNCING, true},
    {"nearly too long", "ada@x.org", 0, LIFETIME - 1, BY_SERVER(VERDICT_DEFERRED, 451, {4, 3, 0}),
     SETTLED_KEPT, ENTRY_QUEUED, false},
    {"refused", "ada@x.org", 0, 0, BY_SERVER(VERDICT_REFUSED, 550, {5, 1, 1}), SETTLED_KEPT,
     ENTRY_BOUNCING, true},
    {"refused, nobody to tell", "<>", 0, 0, BY_SERVER(VERDICT_REFUSED, 550, {5, 1, 1}),
     SETTLED_KEPT, ENTRY_FAILED, false},
    {"refused, NOTIFY=NEVER", "ada@x.org", NOTIFY_NEVER, 0,
     BY_SERVER(VERDICT_REFUSED, 550, {5, 1, 1}), SETTLED_KEPT, ENTRY_FAILED, false},
    {"refused, NOTIFY=DELAY", "ada@x.org", NOTIFY_DELAY, 0,
     BY_SERVER(VERDICT_REFUSED, 550, {5, 1, 1}), SETTLED_KEPT, ENTRY_FAILED, false},
    {"refused, NOTIFY=FAILURE", "ada@x.org", NOTIFY_FAILURE, 0,
     BY_SERVER(VERDICT_REFUSED, 550, {5, 1, 1}), SETTLED_KEPT, ENTRY_BOUNCING, true},
    {"cannot be sent in this form", "ada@x.org", 0, 0, BY_US(VERDICT_REFUSED, ERR_DATA),
     SETTLED_KEPT, ENTRY_BOUNCING, true},
    {"the login was refused", "ada@x.org", 0, LIFETIME * 9,
     BY_SERVER(VERDICT_REFUSED, 535, {5, 7, 8}), SETTLED_KEPT, ENTRY_QUEUED, false},
    {"a login is wanted", "ada@x.org", 0, LIFETIME * 9,
     BY_SERVER(VERDICT_REFUSED, 530, {5, 7, 0}), SETTLED_KEPT, ENTRY_QUEUED, false},
    {"a mistake in the configuration", "ada@x.org", 0, LIFETIME * 9,
     BY_US(VERDICT_REFUSED, ERR_CONFIG), SETTLED_KEPT, ENTRY_QUEUED, false},
    {"a certificate", "ada@x.org", 0, LIFETIME * 9, BY_US(VERDICT_REFUSED, ERR_TLS), SETTLED_KEPT,
     ENTRY_QUEUED, false},
    {"a full disk", "ada@x.org", 0, LIFETIME * 9, BY_US(VERDICT_DEFERRED, ERR_IO), SETTLED_KEPT,
     ENTRY_QUEUED, false},
    {"no password came", "ada@x.org", 0, LIFETIME * 9, BY_US(VERDICT_DEFERRED, ERR_HELPER),
     SETTLED_KEPT, ENTRY_QUEUED, false},
    {"no connection", "ada@x.org", 0, 0, BY_US(VERDICT_DEFERRED, ERR_CONNECT), SETTLED_KEPT,
     ENTRY_QUEUED, false},
    {"no connection for too long", "ada@x.org", 0, LIFETIME * 9,
     BY_US(VERDICT_DEFERRED, ERR_CONNECT), SETTLED_KEPT, ENTRY_BOUNCING, true},
    {"in doubt", "ada@x.org", 0, 0, BY_US(VERDICT_IN_DOUBT, ERR_TIMEOUT), SETTLED_KEPT,
     ENTRY_QUEUED, false},
    {"in doubt for too long", "ada@x.org", 0, LIFETIME * 9, BY_US(VERDICT_IN_DOUBT, ERR_TIMEOUT),
     SETTLED_KEPT, ENTRY_BOUNCING, true},
};

static void check_kept(const struct desk *d, const struct meaning *m, const char *id)
{
    struct entry en;
    struct err e;

    check_row(m->title, spool_look(&d->place.spool, id, &en, &e) == SPOOL_FOUND, "is kept");
    check_row(m->title, entry_state(&en) == m->state, "has that state");
    check_row(m->title, en.envelope.count == 1, "waits for one recipient alone");
    check_row(m->title, en.tries == 1 && en.last == NOW, "counts the try");
    check_row(m->title, en.next >= NOW + 53 && en.next <= NOW + 68, "is due in a minute");
    check_row(m->title, en.server && strcmp(en.server, "mail.example.net:587") == 0,
              "knows the server");
    entry_clear(&en);
}

static void an_attempt_has_a_meaning(void **state)
{
    struct desk *d = *state;
    struct err e;

    for (size_t i = 0; i < COUNT(meanings); i++) {
        const struct meaning *m = &meanings[i];
        char id[ENTRY_ID_MAX + 1], bounce[ENTRY_ID_MAX + 1];

        commit(d, m->sender, m->notify, m->age, id);
        check_row(m->title, attempt(d, id, &m->outcome, false) == m->settled, "is settled so");
        find_bounce(d, id, bounce);
        check_row(m->title, (bounce[0] != '\0') == m->bounces, "tells the sender, or not");
        if (m->settled == SETTLED_KEPT)
            check_kept(d, m, id);
        spool_remove(&d->place.spool, id, &e);
        if (*bounce)
            spool_remove(&d->place.spool, bounce, &e);
        check_row(m->title, spool_is_empty(&d->place.spool), "leaves nothing");
    }
}

static const struct outcome served = BY_SERVER(VERDICT_DELIVERED, 250, {0});
static const struct outcome unknown = BY_SERVER(VERDICT_REFUSED, 550, {5, 1, 1});
static const struct outcome busy = BY_SERVER(VERDICT_DEFERRED, 451, {4, 3, 0});

/* A refused message and its bounce. */
static void refuse(const struct desk *d, char *id, char *bounce)
{
    commit(d, "ada@x.org", 0, 0, id);
    assert_int_equal(attempt(d, id, &unknown, false), SETTLED_KEPT);
    find_bounce(d, id, bounce);
    assert_string_not_equal(bounce, "");
}

static void check_state(const struct desk *d, const char *id, enum entry_state state)
{
    struct entry en;
    struct err e;

    assert_int_equal(spool_look(&d->place.spool, id, &en, &e), SPOOL_FOUND);
    assert_int_equal(entry_state(&en), state);
    entry_clear(&en);
}

static void a_bounce_that_arrives_ends_the_message(void **state)
{
    struct desk *d = *state;
    char id[ENTRY_ID_MAX + 1], bounce[ENTRY_ID_MAX + 1];

    refuse(d, id, bounce);
    assert_int_equal(attempt(d, bounce, &busy, false), SETTLED_KEPT);
    check_state(d, id, ENTRY_BOUNCING);
    assert_int_equal(attempt(d, bounce, &served, false), SETTLED_GONE);
    assert_true(spool_is_empty(&d->place.spool));
}

/* And there is never a bounce of a bounce. */
static void a_bounce_that_is_refused_leaves_a_failed_message(void **state)
{
    struct desk *d = *state;
    char id[ENTRY_ID_MAX + 1], bounce[ENTRY_ID_MAX + 1], again[ENTRY_ID_MAX + 1];

    refuse(d, id, bounce);
    attempt(d, bounce, &unknown, false);
    find_bounce(d, bounce, again);
    assert_string_equal(again, "");
    find_bounce(d, id, again);
    assert_string_equal(again, "");
    check_state(d, id, ENTRY_FAILED);
}

/* The bounce was delivered and removed, then the machine died: the message is done with. */
static void a_crash_behind_a_bounce_is_made_good(void **state)
{
    struct desk *d = *state;
    char id[ENTRY_ID_MAX + 1], bounce[ENTRY_ID_MAX + 1];
    struct entry en;
    struct err e;

    refuse(d, id, bounce);
    assert_int_equal(spool_look(&d->place.spool, id, &en, &e), SPOOL_FOUND);
    assert_true(settle_bounces(&d->keeper, &en));
    check_state(d, id, ENTRY_BOUNCING);
    assert_true(spool_remove(&d->place.spool, bounce, &e));
    assert_true(settle_bounces(&d->keeper, &en));
    entry_clear(&en);
    assert_true(spool_is_empty(&d->place.spool));
}

/* Somebody holds the message meanwhile: to be done again, and not forgotten. */
static void a_message_in_other_hands_is_settled_later(void **state)
{
    struct desk *d = *state;
    char id[ENTRY_ID_MAX + 1], bounce[ENTRY_ID_MAX + 1];
    struct taken held;
    struct entry en;
    struct err e;

    refuse(d, id, bounce);
    assert_int_equal(spool_look(&d->place.spool, bounce, &en, &e), SPOOL_FOUND);
    assert_int_equal(spool_take(&d->place.spool, id, &held, &e), SPOOL_FOUND);
    assert_false(settle_bounce_failed(&d->keeper, &en));
    taken_release(&held);
    assert_true(settle_bounce_failed(&d->keeper, &en));
    entry_clear(&en);
    check_state(d, id, ENTRY_FAILED);
}

static void the_age_is_the_sum_of_what_was_lived_through(void **state)
{
    struct desk *d = *state;
    static const struct {
        const char *title;
        time_t then;         /* when it is tried, from NOW */
        uint64_t age;        /* after that */
    } steps[] = {
        {"at once", 0, 0},
        {"ten minutes later", 600, 600},
        {"the clock goes back a year", 600 - 365 * 86400, 600},
        {"a minute later, by that clock", 660 - 365 * 86400, 660},
        {"and forth again: a day, no more", 720, 660 + SCHEDULE_GAP},
    };
    struct account patient = d->account;
    char id[ENTRY_ID_MAX + 1];
    struct entry en;
    struct err e;

    patient.queue_lifetime = 5 * 86400;
    d->account = patient;
    commit(d, "ada@x.org", 0, 0, id);
    for (size_t i = 0; i < COUNT(steps); i++) {
        clock_fix(NOW + steps[i].then);
        assert_int_equal(attempt(d, id, &busy, false), SETTLED_KEPT);
        assert_int_equal(spool_look(&d->place.spool, id, &en, &e), SPOOL_FOUND);
        check_row(steps[i].title, en.age == steps[i].age, "is so old");
        check_row(steps[i].title, entry_state(&en) == ENTRY_QUEUED, "is still tried");
        check_row(steps[i].title, en.next > NOW + steps[i].then, "is due in a while");
        entry_clear(&en);
    }
}

static void servers_ask_to_be_left_alone(void **state)
{
    static const struct {
        const char *title;
        struct outcome outcome;
        bool slow;
    } rows[] = {
        {"421", BY_SERVER(VERDICT_DEFERRED, 421, {4, 3, 2}), true},
        {"450 4.7.0", BY_SERVER(VERDICT_DEFERRED, 450, {4, 7, 0}), true},
        {"450 4.7.1, greylisted", BY_SERVER(VERDICT_DEFERRED, 450, {4, 7, 1}), false},
        {"451", BY_SERVER(VERDICT_DEFERRED, 451, {4, 3, 0}), false},
        {"550 5.7.0", BY_SERVER(VERDICT_REFUSED, 550, {5, 7, 0}), false},
        {"our own 421", {.verdict = VERDICT_DEFERRED, .code = 421}, false},
        {"none", {.verdict = VERDICT_DELIVERED, .by_server = true, .code = 250}, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct envelope v = {0};
        add_recipient(&v, "bob@example.net");
        add_recipient(&v, "carol@example.net");
        outcome_copy(&v.recipients[1].outcome, &rows[i].outcome);
        check_row(rows[i].title, settle_is_slow_down(&v) == rows[i].slow, "slow or not");
        envelope_clear(&v);
    }
}

/* The entry that a first attempt leaves: is it the account that failed, or this message? */
static void a_first_attempt_is_counted(void **state)
{
    static const struct {
        const char *title;
        struct outcome outcome;
        bool down;
    } rows[] = {
        {"no connection", BY_US(VERDICT_DEFERRED, ERR_CONNECT), true},
        {"451", BY_SERVER(VERDICT_DEFERRED, 451, {4, 3, 0}), false},
        {"421", BY_SERVER(VERDICT_DEFERRED, 421, {4, 3, 2}), true},
    };
    struct desk *d = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct entry en = {.created = NOW, .last = NOW};
        struct delivery delivery = {.account = &d->account, .envelope = &en.envelope};

        add_recipient(&en.envelope, "bob@example.net");
        outcome_copy(&en.envelope.recipients[0].outcome, &rows[i].outcome);
        settle_first(&en, &d->account, &delivery);
        check_row(rows[i].title, en.down == rows[i].down, "is the account's trouble, or not");
        check_row(rows[i].title, en.tries == 1 && en.age == 0, "is counted");
        check_row(rows[i].title, !en.server, "has no server's name");
        entry_clear(&en);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_attempt_has_a_meaning),
        TEST(a_bounce_that_arrives_ends_the_message),
        TEST(a_bounce_that_is_refused_leaves_a_failed_message),
        TEST(a_crash_behind_a_bounce_is_made_good),
        TEST(a_message_in_other_hands_is_settled_later),
        TEST(the_age_is_the_sum_of_what_was_lived_through),
        TEST(servers_ask_to_be_left_alone),
        TEST(a_first_attempt_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
