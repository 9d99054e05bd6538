/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "queue/lock.h"
#include "queue/spool.h"

/* A spool of its own for each test, below a directory that goes with it. */
struct place {
    char top[64], path[128];
    struct spool spool;
};

static int begin(void **state)
{
    static struct place p;
    struct err e;

    snprintf(p.top, sizeof p.top, "/tmp/test-spool.XXXXXX");
    assert_non_null(mkdtemp(p.top));
    snprintf(p.path, sizeof p.path, "%s/a/b/queue", p.top);
    if (!spool_open(&p.spool, p.path, true, &e))
        fail_msg("%s", e.text);
    *state = &p;
    return 0;
}

static void run(const char *format, const char *argument)
{
    char line[512];

    snprintf(line, sizeof line, format, argument);
    assert_int_equal(system(line), 0);
}

static int end(void **state)
{
    struct place *p = *state;

    spool_close(&p->spool);
    run("rm -rf '%s'", p->top);
    return 0;
}

static void make_message(struct message *m, struct slice text)
{
    int ends[2];
    struct err e;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text.data, text.len), text.len);
    close(ends[1]);
    message_init(m, "/tmp");
    assert_true(message_read(m, ends[0], false, &e));
    message_measure(m);
    close(ends[0]);
}

static void make_entry(struct entry *en, const char *recipients)
{
    struct path path;
    struct err e;
    char one[64];

    *en = (struct entry){.account = strdup("test"), .created = 1800000000};
    assert_true(path_parse(&en->envelope.reverse_path, SLICE("ada@example.org"), &e));
    for (int used; sscanf(recipients, "%63s%n", one, &used) == 1; recipients += used) {
        assert_true(path_parse(&path, slice_of(one), &e));
        envelope_add(&en->envelope, &path);
    }
}

static void commit(const struct spool *s, struct slice text, char *id)
{
    struct message m;
    struct entry en;
    struct err e;

    make_message(&m, text);
    make_entry(&en, "bob@example.net carol@example.net");
    if (!spool_commit(s, &en, &m, &e))
        fail_msg("%s", e.text);
    snprintf(id, ENTRY_ID_MAX + 1, "%s", en.id);
    message_clear(&m);
    entry_clear(&en);
}

static size_t count_files(const struct place *p, const char *room)
{
    char line[256], answer[32];

    snprintf(line, sizeof line, "ls -A %s/%s | wc -l", p->path, room);
    FILE *f = popen(line, "r");
    assert_non_null(fgets(answer, sizeof answer, f));
    pclose(f);
    return (size_t)strtoul(answer, NULL, 10);
}

static void check_message(const struct taken *t, struct slice want)
{
    struct buf text;
    char block[65536];
    struct message m;
    struct slice bytes;
    uint64_t offset = 0;
    struct err e;

    assert_true(taken_message(t, &m, &e));
    buf_init(&text, 1 << 20);
    header_write(&m.header, &text);
    buf_put_text(&text, "\r\n");
    do {
        assert_true(spill_read(&m.body, &offset, block, &bytes, &e));
        buf_put_slice(&text, bytes);
    } while (bytes.len);
    check_slice(want, buf_slice(&text), want);
    assert_int_equal(message_size(&m), want.len);
    buf_clear(&text);
    message_clear(&m);
}

static void a_message_comes_back_whole(void **state)
{
    struct place *p = *state;
    static const struct slice rows[] = {
        TEXT("Subject: hello\r\n\r\nText.\r\n"), TEXT("\r\n"), TEXT("A: b\r\n\r\n"),
        TEXT("\r\nno header\r\n"), TEXT("A: b\r\n folded\r\n\r\n\r\n.\r\nNUL \0 and \xff\r\n"),
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char id[ENTRY_ID_MAX + 1];
        struct taken t;
        struct err e;
        commit(&p->spool, rows[i], id);
        assert_int_equal(spool_take(&p->spool, id, &t, &e), SPOOL_FOUND);
        check_message(&t, rows[i]);
        t.entry.tries = 7;
        assert_true(spool_update(&p->spool, &t, &e));
        taken_release(&t);
        assert_int_equal(spool_take(&p->spool, id, &t, &e), SPOOL_FOUND);
        assert_int_equal(t.entry.tries, 7);
        assert_int_equal(t.entry.envelope.count, 2);
        check_message(&t, rows[i]);
        assert_true(spool_remove(&p->spool, id, &e));
        taken_release(&t);
        assert_int_equal(spool_take(&p->spool, id, &t, &e), SPOOL_GONE);
    }
    assert_int_equal(count_files(p, "tmp") + count_files(p, "msg") + count_files(p, "env"), 0);
}

static void only_one_holds_a_message(void **state)
{
    struct place *p = *state;
    char id[ENTRY_ID_MAX + 1];
    struct taken mine, yours;
    struct entry en;
    struct err e;

    commit(&p->spool, SLICE("A: b\r\n\r\n"), id);
    assert_int_equal(spool_take(&p->spool, id, &mine, &e), SPOOL_FOUND);
    assert_int_equal(spool_take(&p->spool, id, &yours, &e), SPOOL_BUSY);
    assert_int_equal(spool_look(&p->spool, id, &en, &e), SPOOL_FOUND);
    entry_clear(&en);
    taken_release(&mine);
    assert_int_equal(spool_take(&p->spool, id, &yours, &e), SPOOL_FOUND);
    taken_release(&yours);
}

static void a_name_that_is_given_is_committed_once(void **state)
{
    struct place *p = *state;
    struct strings ids = {0};
    struct message m;
    struct entry en;
    struct err e;

    make_message(&m, SLICE("A: b\r\n\r\n"));
    for (int i = 0; i < 3; i++) {
        make_entry(&en, "bob@example.net");
        snprintf(en.id, sizeof en.id, "0123-1");
        assert_true(spool_commit(&p->spool, &en, &m, &e));
        entry_clear(&en);
    }
    assert_true(spool_list(&p->spool, &ids, NULL, &e));
    assert_int_equal(ids.count, 1);
    assert_int_equal(count_files(p, "msg"), 1);
    strings_clear(&ids);
    message_clear(&m);
}

static void foreign_and_damaged_files_are_told_apart_and_moved(void **state)
{
    struct place *p = *state;
    struct strings ids = {0}, strangers = {0};
    char id[ENTRY_ID_MAX + 1];
    struct taken t;
    struct err e;

    run("cd %s/env && mkdir adir && ln -s /etc/passwd alink && echo text > afile && "
        "mkfifo afifo && echo x > 'odd name' && touch .nfs0001", p->path);
    run("cd %s/msg && mkdir adir && ln -s /etc/passwd alink && echo text > afile && mkfifo afifo",
        p->path);
    commit(&p->spool, SLICE("A: b\r\n\r\nlong enough\r\n"), id);
    assert_true(spool_list(&p->spool, &ids, &strangers, &e));
    assert_int_equal(ids.count, 5);
    assert_int_equal(strangers.count, 1);
    for (size_t i = 0; i < ids.count; i++) {
        bool good = strcmp(ids.items[i], id) == 0;
        enum spool_found found = spool_take(&p->spool, ids.items[i], &t, &e);
        check_row(ids.items[i], found == (good ? SPOOL_FOUND : SPOOL_DAMAGED), "found as it is");
        if (good)
            taken_release(&t);
        else
            assert_true(spool_set_aside(&p->spool, ids.items[i], &e));
    }
    assert_true(spool_set_aside(&p->spool, strangers.items[0], &e));
    assert_int_equal(spool_aside_count(&p->spool), 9);
    assert_int_equal(count_files(p, "env"), 2);
    assert_int_equal(count_files(p, "msg"), 1);
    strings_clear(&ids);
    strings_clear(&strangers);
}

static void a_message_that_was_cut_is_damaged(void **state)
{
    struct place *p = *state;
    char id[ENTRY_ID_MAX + 1], path[256];
    struct taken t;
    struct stat info;
    struct err e;

    commit(&p->spool, SLICE("A: b\r\n\r\nlong enough\r\n"), id);
    snprintf(path, sizeof path, "%s/msg/%s", p->path, id);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, info.st_size - 1), 0);
    assert_int_equal(spool_take(&p->spool, id, &t, &e), SPOOL_DAMAGED);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(spool_take(&p->spool, id, &t, &e), SPOOL_DAMAGED);
}

static void a_first_name_that_was_lost_comes_back_from_the_second(void **state)
{
    struct place *p = *state;
    char id[ENTRY_ID_MAX + 1], path[256];
    struct taken t;
    struct err e;

    commit(&p->spool, SLICE("A: b\r\n\r\n"), id);
    snprintf(path, sizeof path, "%s/msg/%s", p->path, id);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(spool_take(&p->spool, id, &t, &e), SPOOL_FOUND);
    check_message(&t, SLICE("A: b\r\n\r\n"));
    taken_release(&t);
    assert_int_equal(access(path, F_OK), 0);
}

static void the_sweep_takes_what_is_old_and_nobodys(void **state)
{
    struct place *p = *state;
    char id[ENTRY_ID_MAX + 1];
    struct err e;

    commit(&p->spool, SLICE("A: b\r\n\r\n"), id);
    run("cd %s && touch tmp/new msg/new && touch -d '2 days ago' tmp/old msg/old msg/[0-9]*",
        p->path);
    spool_sweep(&p->spool, clock_wall(), SPOOL_STALE);
    assert_int_equal(count_files(p, "tmp"), 1);
    assert_int_equal(count_files(p, "msg"), 2);
    struct taken t;
    assert_int_equal(spool_take(&p->spool, id, &t, &e), SPOOL_FOUND);
    taken_release(&t);
}

static void a_spool_of_others_or_open_to_them_is_refused(void **state)
{
    struct place *p = *state;
    struct spool s;
    struct err e;

    assert_int_equal(chmod(p->path, 0755), 0);
    assert_false(spool_open(&s, p->path, false, &e));
    check_contains(p->path, e.text, "chmod 700");
    assert_int_equal(chmod(p->path, 0700), 0);
    assert_true(spool_open(&s, p->path, false, &e));
    spool_close(&s);
    run("ln -s %s /tmp/test-spool-link.$PPID", p->path);
    char link[64];
    snprintf(link, sizeof link, "/tmp/test-spool-link.%d", (int)getpid());
    assert_false(spool_open(&s, link, true, &e));
    unlink(link);
    assert_false(spool_open(&s, "/nonexistent/queue", false, &e));
    assert_int_equal(e.errnum, 2);
}

static void the_lock_has_one_owner_and_the_bell_is_heard(void **state)
{
    struct place *p = *state;
    char heard[8];
    struct err e;
    int mine, yours;

    assert_true(lock_try(&p->spool, &mine, &e));
    assert_true(mine >= 0);
    assert_true(lock_try(&p->spool, &yours, &e));
    assert_int_equal(yours, -1);
    lock_ring(&p->spool);
    int bell = lock_bell(&p->spool);
    assert_true(bell >= 0);
    assert_true(read(bell, heard, sizeof heard) < 0);
    lock_ring(&p->spool);
    lock_ring(&p->spool);
    assert_int_equal(read(bell, heard, sizeof heard), 2);
    lock_ring(&p->spool);
    lock_hush(bell);
    assert_true(read(bell, heard, sizeof heard) < 0);
    close(bell);
    close(mine);
    assert_true(lock_try(&p->spool, &mine, &e));
    assert_true(mine >= 0);
    close(mine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_comes_back_whole, begin, end),
        cmocka_unit_test_setup_teardown(only_one_holds_a_message, begin, end),
        cmocka_unit_test_setup_teardown(a_name_that_is_given_is_committed_once, begin, end),
        cmocka_unit_test_setup_teardown(foreign_and_damaged_files_are_told_apart_and_moved, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_message_that_was_cut_is_damaged, begin, end),
        cmocka_unit_test_setup_teardown(a_first_name_that_was_lost_comes_back_from_the_second,
                                        begin, end),
        cmocka_unit_test_setup_teardown(the_sweep_takes_what_is_old_and_nobodys, begin, end),
        cmocka_unit_test_setup_teardown(a_spool_of_others_or_open_to_them_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(the_lock_has_one_owner_and_the_bell_is_heard, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
