/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "spools.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "relay/worker.h"

#define NOW 1800000000
#define HOUR 3600
#define LIFETIME (5 * 24 * HOUR)
#define MESSAGES 3

/* A spool with three messages, and the list of them as a scan would have it. */
struct desk {
    struct spools place;
    struct keeper keeper;
    struct account account;
    struct job jobs[MESSAGES];
};

static void commit(struct desk *d, struct job *job)
{
    static const char *const to[] = {"bob@example.net", NULL};
    struct entry en = {.created = NOW, .last = NOW};

    spools_commit(&d->place, &en, "ada@x.org", to);
    *job = (struct job){.created = NOW, .last = NOW, .eligible = true};
    snprintf(job->id, sizeof job->id, "%s", en.id);
    entry_clear(&en);
}

static int begin(void **state)
{
    static struct desk d;

    d = (struct desk){.account = {.name = (char *)"test", .syslog = ACCOUNT_SYSLOG_NO,
                                  .queue_lifetime = LIFETIME, .retry_after = 60,
                                  .tls = ACCOUNT_TLS_NONE, .messages_per_connection = 100}};
    spools_place(&d.place);
    spools_open(&d.place);
    d.keeper = (struct keeper){.spool = &d.place.spool, .host = "mx.host.example",
                               .domain = "host.example"};
    strings_add_text(&d.account.auth, "none");
    strings_add_text(&d.account.host, "127.0.0.1");
    clock_fix(NOW);
    for (size_t i = 0; i < MESSAGES; i++)
        commit(&d, &d.jobs[i]);
    *state = &d;
    return 0;
}

static int end(void **state)
{
    struct desk *d = *state;

    strings_clear(&d->account.auth);
    strings_clear(&d->account.host);
    spools_end(&d->place);
    clock_fix(0);
    return 0;
}

static struct worker worker_of(const struct desk *d)
{
    return (struct worker){.keeper = &d->keeper, .account = &d->account, .jobs = d->jobs,
                           .count = MESSAGES};
}

static enum worker_end refuse(const struct desk *d)
{
    struct worker w = worker_of(d);
    struct err e;

    err_set(&e, ERR_CONFIG, "the account is gone");
    return worker_refuse(&w, &e);
}

/* The tries of each message; -1: it is gone, '!': it bounces. */
static void check_tries(const struct desk *d, const char *title, const char *want)
{
    char got[MESSAGES + 1] = "";
    struct entry en;
    struct err e;

    for (size_t i = 0; i < MESSAGES; i++) {
        bool found = spool_look(&d->place.spool, d->jobs[i].id, &en, &e) == SPOOL_FOUND;
        got[i] = !found                             ? '-'
                 : entry_state(&en) == ENTRY_QUEUED ? (char)('0' + en.tries)
                                                    : '!';
        check_row(title, !found || !en.tries || en.down, "is the account's trouble");
        entry_clear(&en);
    }
    check_text(title, slice_of(got), want);
}

/* Put what is in the queue into another state than the list has it. */
static void change(const struct desk *d, size_t index, void (*how)(struct entry *en))
{
    struct taken t;
    struct err e;

    assert_int_equal(spool_take(&d->place.spool, d->jobs[index].id, &t, &e), SPOOL_FOUND);
    how(&t.entry);
    assert_true(spool_update(&d->place.spool, &t, &e));
    taken_release(&t);
}

static void hold(struct entry *en)
{
    en->held = true;
}

static void count_a_try(struct entry *en)
{
    en->tries = 1;
    en->down = true;
}

static void grow_old(struct entry *en)
{
    en->last = NOW - 13 * HOUR;
    en->age = LIFETIME - HOUR;
}

static void one_message_tells_of_the_account(void **state)
{
    struct desk *d = *state;

    assert_int_equal(refuse(d), WORKER_DONE);
    check_tries(d, "the first of the list", "100");
}

static void workers_begin_apart(void **state)
{
    struct desk *d = *state;
    struct worker w = worker_of(d);
    struct err e;

    err_set(&e, ERR_CONFIG, "the account is gone");
    w.start = 2;
    assert_int_equal(worker_refuse(&w, &e), WORKER_DONE);
    check_tries(d, "the last of the list", "001");
}

static void nothing_is_done_with_nothing_to_do(void **state)
{
    struct desk *d = *state;

    for (size_t i = 0; i < MESSAGES; i++)
        d->jobs[i].eligible = false;
    assert_int_equal(refuse(d), WORKER_IDLE);
    check_tries(d, "none", "000");
}

/* Since the list was made others may have been at work. */
static void what_is_not_as_it_was_is_passed_over(void **state)
{
    struct desk *d = *state;
    struct taken busy;
    struct err e;

    change(d, 0, count_a_try);
    assert_int_equal(refuse(d), WORKER_DONE);
    check_tries(d, "tried meanwhile", "110");
    change(d, 0, hold);
    d->jobs[0].tries = 1;
    assert_true(spool_remove(&d->place.spool, d->jobs[1].id, &e));
    assert_int_equal(spool_take(&d->place.spool, d->jobs[2].id, &busy, &e), SPOOL_FOUND);
    assert_int_equal(refuse(d), WORKER_IDLE);
    taken_release(&busy);
    check_tries(d, "held, gone, busy", "!-0");
}

static void damage_stops_nothing(void **state)
{
    struct desk *d = *state;
    char path[300];

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", d->place.path, i ? "msg" : "env", d->jobs[0].id);
        remove(path);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs("smtpost-envelope 1 0000000999\nnonsense\n", f);
        assert_int_equal(fclose(f), 0);
    }
    assert_int_equal(refuse(d), WORKER_DONE);
    check_tries(d, "the next one is tried", "-10");
    assert_int_equal(spool_aside_count(&d->place.spool), 2);
}

/* Nobody listens on a port that was just let go of. */
static void close_the_port(struct desk *d)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    close(fd);
    d->account.port = ntohs(name.sin_port);
}

static void a_server_that_is_down_costs_one_connection(void **state)
{
    struct desk *d = *state;
    struct worker w = worker_of(d);

    close_the_port(d);
    assert_int_equal(worker_run(&w), WORKER_DONE);
    check_tries(d, "one of them", "100");
}

/* Waiting for the account, a message gets older all the same; but not through a fault of ours. */
static void who_waits_for_the_account_gets_old(void **state)
{
    struct desk *d = *state;
    struct worker w = worker_of(d);

    close_the_port(d);
    change(d, 1, grow_old);
    d->jobs[1].eligible = false;
    d->jobs[1].last = NOW - 13 * HOUR;
    d->jobs[1].age = LIFETIME - HOUR;
    assert_int_equal(refuse(d), WORKER_DONE);
    check_tries(d, "the configuration's fault", "110");
    change(d, 1, grow_old);
    d->jobs[0].tries = d->jobs[1].tries = 1;
    assert_int_equal(worker_run(&w), WORKER_DONE);
    check_tries(d, "the server's", "2!0");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_message_tells_of_the_account),
        TEST(workers_begin_apart),
        TEST(nothing_is_done_with_nothing_to_do),
        TEST(what_is_not_as_it_was_is_passed_over),
        TEST(damage_stops_nothing),
        TEST(a_server_that_is_down_costs_one_connection),
        TEST(who_waits_for_the_account_gets_old),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
