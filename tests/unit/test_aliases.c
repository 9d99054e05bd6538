/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/aliases.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

static char file[] = "/tmp/smtpost-aliases-XXXXXX";

static void write_file(const char *text)
{
    FILE *out = fopen(file, "w");

    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

/* "a@x b faults=1", or "-" where there is no entry. */
static void describe(struct aliases *a, const char *recipient, struct buf *out)
{
    struct alias_result result = {0};
    struct path path = {0};
    struct err e;

    assert_true(path_parse(&path, slice_of(recipient), &e));
    bool found = aliases_expand(a, &path, &result);
    for (size_t i = 0; i < result.count; i++) {
        buf_put_text(out, i ? " " : "");
        buf_put_slice(out, path_address(&result.paths[i]));
    }
    if (result.faults.count)
        buf_put_format(out, "%sfaults=%zu", out->len ? " " : "", result.faults.count);
    if (!found)
        buf_put_text(out, "-");
    alias_result_clear(&result);
    path_clear(&path);
}

static void names_come_to_what_the_file_says(void **state)
{
    static const struct {
        const char *text, *recipient, *want;
    } rows[] = {
        {"root: a@x", "root", "a@x"},
        {"root: a@x", "ROOT", "a@x"},
        {"Root : a@x\n", "root", "a@x"},
        {"root: a@x", "bob", "-"},
        {"root: a@x", "root@y", "-"},
        {"root: a@x", "root@local.test", "a@x"},
        {"root@local.test: b@x\nroot: a@x", "root@LOCAL.test", "b@x"},
        {"# root: no\n\nroot: a@x,\n# between\n b@x\n\tc@x\n", "root", "a@x faults=1"},
        {"root: a@x,\n# between\n b@x\n", "root", "a@x b@x"},
        {"\"a b\": a@x", "\"a b\"", "a@x"},
        {"r: \"q, r\"@x, N <n@x>, (c, d) e@x", "r", "\"q, r\"@x n@x e@x"},
        {"r: s\ns: t, a@x\nt: b@x", "r", "b@x a@x"},
        {"r: s, s, s\ns: a@x", "r", "a@x"},
        {"r: r, a@x", "r", "r a@x"},
        {"r: \\r, a@x", "r", "r a@x"},
        {"r: s\ns: r", "r", "faults=1"},
        {"r: s, a@x\ns: r", "r", "a@x faults=1"},
        {"default: a@x", "any", "a@x"},
        {"default: b", "any", "b"},
        {"r: b\ndefault: a@x", "r", "a@x"},
        {"r: |prog, a@x", "r", "a@x faults=1"},
        {"r: \"|prog a, b\"", "r", "faults=1"},
        {"r: /file", "r", "faults=1"},
        {"r: :include:/nowhere/at/all", "r", "faults=1"},
        {"r:", "r", "faults=1"},
        {"r: # nobody yet", "r", "faults=1"},
        {"r: , ,", "r", "faults=1"},
        {"r: a@x, \\", "r", "a@x faults=1"},
        {"r: \\<>", "r", "faults=1"},
        {"r: :include:/dev/null", "r", "faults=1"},
        {"r: a@x\nr: b@x", "r", "a@x"},
        {"r: a@x; b@x", "r", "faults=1"},
        {"r: b@local.test\nb: a@x", "r", "a@x"},
    };
    char domain[] = "local.test", *domains[] = {domain, NULL};
    const struct account account = {.aliases = file, .local_domains = {domains, 1, 1}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct aliases *a;
        struct buf got;
        struct err e;

        write_file(rows[i].text);
        assert_true(aliases_read(&account, &a, &e));
        buf_init(&got, 1000);
        describe(a, rows[i].recipient, &got);
        check_text(rows[i].text, buf_slice(&got), rows[i].want);
        buf_clear(&got);
        aliases_free(a);
    }
}

/* Each entry names the next one twice: work must not double with each. */
static void work_is_bounded_by_the_file(void **state)
{
    const struct account account = {.aliases = file};
    struct aliases *a;
    struct buf text;
    struct err e;

    (void)state;
    buf_init(&text, 100000);
    for (int i = 0; i < 30; i++)
        buf_put_format(&text, "n%d: n%d, n%d\n", i, i + 1, i + 1);
    buf_put_text(&text, "n30: a@x\n");
    write_file(text.data);
    assert_true(aliases_read(&account, &a, &e));
    buf_reset(&text);
    describe(a, "n0", &text);
    check_text("doubling", buf_slice(&text), "a@x");
    aliases_free(a);
    buf_reset(&text);
    for (int i = 0; i < 40; i++)
        buf_put_format(&text, "n%d: n%d\n", i, i + 1);
    write_file(text.data);
    assert_true(aliases_read(&account, &a, &e));
    buf_reset(&text);
    describe(a, "n0", &text);
    check_text("depth", buf_slice(&text), "faults=1");
    aliases_free(a);
    buf_clear(&text);
}

/* A long line is gone through once, not once for each target. */
static void a_long_line_takes_its_length(void **state)
{
    const struct account account = {.aliases = file};
    struct aliases *a;
    struct buf text;
    struct err e;

    (void)state;
    buf_init(&text, 4 * 1024 * 1024);
    buf_put_text(&text, "s: a@x\nr: s");
    for (int i = 0; i < 1000000; i++)
        buf_put_text(&text, ",s");
    write_file(text.data);
    assert_true(aliases_read(&account, &a, &e));
    buf_reset(&text);
    describe(a, "r", &text);
    check_text("a long line", buf_slice(&text), "a@x");
    aliases_free(a);
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_to_what_the_file_says),
        cmocka_unit_test(work_is_bounded_by_the_file),
        cmocka_unit_test(a_long_line_takes_its_length),
    };
    int fd = mkstemp(file);

    if (fd < 0)
        return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(file);
    return failed;
}
