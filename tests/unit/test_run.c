/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/run.h"

#define PATIENCE 20000       /* milliseconds that no test should need */

static bool run_shell(const char *script, const char *setting, int64_t patience, size_t max,
                      struct buf *out, struct err *e)
{
    char *command = strdup(script);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    struct run r = {
        .argv = argv, .setting = setting, .deadline = deadline_in(patience), .max = max};

    bool ok = run_output(&r, out, e);
    free(command);
    return ok;
}

static void what_a_helper_prints_is_taken(void **state)
{
    static const struct {
        const char *script, *output;
    } rows[] = {
        {"echo hello", "hello\n"},
        {"exit 0", ""},
        {"printf 'no newline'", "no newline"},
        {"printf a; sleep 0.1; printf b", "ab"},
        /* stdin is empty, whatever ours is. */
        {"cat; echo end", "end\n"},
        {"exec >&-; sleep 0.1; exit 0", ""},
        /* A shell under "SIGPIPE ignored" would not die of it. */
        {"(trap - PIPE; kill -PIPE $$) ; echo alive", NULL},
    };
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        struct err e;
        bool ok = run_shell(rows[i].script, NULL, PATIENCE, 1000, &out, &e);
        check_row(rows[i].script, ok == (rows[i].output != NULL), "success");
        if (ok)
            check_text(rows[i].script, buf_slice(&out), rows[i].output);
        buf_wipe(&out);
    }
}

static void a_failed_helper_is_an_error_whatever_it_printed(void **state)
{
    static const struct {
        const char *script;
        enum err_kind kind;
        const char *words;
    } rows[] = {
        {"echo half a passw; exit 3", ERR_HELPER, "status 3"},
        {"exit 1", ERR_HELPER, "status 1"},
        {"echo x; kill -9 $$", ERR_HELPER, "signal 9"},
        {"/nonexistent/program", ERR_CONFIG, "127"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        struct err e;
        check_row(rows[i].script, !run_shell(rows[i].script, NULL, PATIENCE, 1000, &out, &e),
                  "an error");
        assert_int_equal(e.kind, rows[i].kind);
        check_contains(rows[i].script, e.text, rows[i].words);
        check_contains(rows[i].script, e.text, "sh: ");
        assert_int_equal(out.len, 0);
        assert_null(out.data);
    }
}

static void arguments_are_not_told(void **state)
{
    struct buf out;
    struct err e;

    (void)state;
    assert_false(run_shell("exit 3 # hunter2", NULL, PATIENCE, 1000, &out, &e));
    assert_null(strstr(e.text, "hunter2"));
}

static void a_missing_program_is_a_fault_of_the_configuration(void **state)
{
    static const char *const names[] = {"/nonexistent/helper", "no-such-helper-here", "/tmp"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char *name = strdup(names[i]);
        char *argv[] = {name, NULL};
        struct run r = {.argv = argv, .deadline = deadline_in(PATIENCE), .max = 10};
        struct buf out;
        struct err e;
        check_row(name, !run_output(&r, &out, &e), "an error");
        assert_int_equal(e.kind, ERR_CONFIG);
        check_contains(name, e.text, name);
        assert_int_equal(out.len, 0);
        free(name);
    }
}

static void a_slow_helper_is_ended_with_its_children(void **state)
{
    static const char *const scripts[] = {
        "sleep 60",
        "echo early; sleep 60",
        "sleep 60 & sleep 60",
        "trap '' TERM INT HUP; while :; do sleep 60; done",
        "exec >&-; sleep 60",
        "sleep 60 & echo parent is gone",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(scripts); i++) {
        struct buf out;
        struct err e;
        int64_t before = clock_monotonic();
        check_row(scripts[i], !run_shell(scripts[i], NULL, 200, 1000, &out, &e), "an error");
        int64_t took = (clock_monotonic() - before) / 1000000;
        assert_int_equal(e.kind, ERR_HELPER);
        check_contains(scripts[i], e.text, "in time");
        check_row(scripts[i], took >= 190 && took < 10000, "ended at the deadline");
        assert_int_equal(out.len, 0);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void output_is_bounded(void **state)
{
    struct buf out;
    struct err e;

    (void)state;
    assert_true(run_shell("printf 0123456789", NULL, PATIENCE, 10, &out, &e));
    buf_wipe(&out);
    assert_false(run_shell("printf 0123456789x", NULL, PATIENCE, 10, &out, &e));
    assert_int_equal(e.kind, ERR_HELPER);
    check_contains("bounded", e.text, "more than 10");
    assert_int_equal(out.len, 0);
    assert_false(run_shell("while :; do echo for ever; done", NULL, PATIENCE, 100000, &out, &e));
    assert_int_equal(out.len, 0);
}

static void a_setting_replaces_and_the_rest_is_inherited(void **state)
{
    struct buf out;
    struct err e;

    (void)state;
    setenv("SMTPOST_TEST", "old", 1);
    setenv("SMTPOST_TEST_OTHER", "kept", 1);
    assert_true(run_shell("echo $SMTPOST_TEST $SMTPOST_TEST_OTHER", "SMTPOST_TEST=new=1", PATIENCE,
                          100, &out, &e));
    check_text("setting", buf_slice(&out), "new=1 kept\n");
    buf_wipe(&out);
    assert_true(run_shell("env | grep -c ^SMTPOST_TEST=", "SMTPOST_TEST=new", PATIENCE, 100, &out,
                          &e));
    check_text("once", buf_slice(&out), "1\n");
    buf_wipe(&out);
    assert_string_equal(getenv("SMTPOST_TEST"), "old");
}

static void descriptors_are_not_left_open(void **state)
{
    struct buf out;
    struct err e;
    int before = dup(0);

    (void)state;
    close(before);
    for (int i = 0; i < 5; i++) {
        run_shell("exit 0", NULL, PATIENCE, 100, &out, &e);
        buf_wipe(&out);
        run_shell("exit 1", NULL, PATIENCE, 100, &out, &e);
    }
    int after = dup(0);
    close(after);
    assert_int_equal(before, after);
}

static int file_with(const char *text)
{
    char name[] = "/tmp/test_run.XXXXXX";
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

/* What the script makes of "text\n" (read from the start, wherever the file stands). */
static bool filter(const char *script, int64_t patience, size_t max, struct buf *out, struct err *e)
{
    char *command = strdup(script);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    struct run r = {.argv = argv, .deadline = deadline_in(patience), .max = max};
    int input = file_with("text\n"), output = file_with("");
    char block[1000];

    bool ok = run_filter(&r, input, output, e);
    ssize_t got = pread(output, block, sizeof block, 0);
    assert_true(got >= 0);
    buf_init(out, sizeof block);
    buf_put(out, block, (size_t)got);
    close(input);
    close(output);
    free(command);
    return ok;
}

static void a_filter_turns_one_file_into_another(void **state)
{
    static const struct {
        const char *script, *output;
        enum err_kind kind;
        const char *words;
    } rows[] = {
        {"cat", "text\n", ERR_NONE, NULL},
        {"tr a-z A-Z", "TEXT\n", ERR_NONE, NULL},
        {"echo before; cat; echo after", "before\ntext\nafter\n", ERR_NONE, NULL},
        {"exit 0", "", ERR_NONE, NULL},
        {"cat; exit 3", NULL, ERR_HELPER, "status 3"},
        {"kill -9 $$", NULL, ERR_HELPER, "signal 9"},
        {"sleep 1000", NULL, ERR_HELPER, "in time"},
        {"yes", NULL, ERR_HELPER, "more than 100 octets"},
        {"head -c 101 /dev/zero", NULL, ERR_HELPER, "more than 100 octets"},
        {"head -c 100 /dev/zero >&2; cat", "text\n", ERR_NONE, NULL},
        {"/nonexistent/program", NULL, ERR_CONFIG, "127"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool hangs = rows[i].words && strcmp(rows[i].words, "in time") == 0;
        struct buf out;
        struct err e = {.kind = ERR_NONE};
        bool ok = filter(rows[i].script, hangs ? 100 : PATIENCE, 100, &out, &e);
        check_row(rows[i].script, ok == (rows[i].output != NULL), "success");
        assert_int_equal(e.kind, rows[i].kind);
        if (ok)
            check_text(rows[i].script, buf_slice(&out), rows[i].output);
        else
            check_contains(rows[i].script, e.text, rows[i].words);
        buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_helper_prints_is_taken),
        cmocka_unit_test(a_failed_helper_is_an_error_whatever_it_printed),
        cmocka_unit_test(arguments_are_not_told),
        cmocka_unit_test(a_missing_program_is_a_fault_of_the_configuration),
        cmocka_unit_test(a_slow_helper_is_ended_with_its_children),
        cmocka_unit_test(output_is_bounded),
        cmocka_unit_test(a_setting_replaces_and_the_rest_is_inherited),
        cmocka_unit_test(descriptors_are_not_left_open),
        cmocka_unit_test(a_filter_turns_one_file_into_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
