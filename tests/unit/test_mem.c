/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/mem.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static void memory_comes_zeroed_and_copied(void **state)
{
    char *p = mem_alloc(100), *text = mem_strdup("abc"), *part = mem_strndup("abcdef", 3);
    char *none = mem_dup(NULL, 0), *empty = mem_strndup(NULL, 0);

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    assert_string_equal(text, "abc");
    assert_string_equal(part, "abc");
    assert_string_equal(empty, "");
    assert_non_null(none);
    free(p);
    free(text);
    free(part);
    free(none);
    free(empty);
}

static void an_array_grows_and_keeps_what_it_holds(void **state)
{
    size_t *array = NULL, capacity = 0, grown = 0;

    (void)state;
    for (size_t i = 0; i < 10000; i++) {
        size_t before = capacity;
        array = mem_grow(array, i, &capacity, sizeof *array);
        grown += capacity != before;
        array[i] = i;
    }
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(array[i], i);
    assert_in_range(grown, 1, 14);
    free(array);
}

/* What the process said and how it ended when it asked for that much. */
static int end_of(size_t count, size_t size, char *words, size_t room)
{
    int ends[2], status;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        free(mem_resize(NULL, count, size));
        _exit(0);
    }
    close(ends[1]);
    size_t len = 0;
    for (ssize_t n; len + 1 < room && (n = read(ends[0], words + len, room - 1 - len)) > 0; )
        len += (size_t)n;
    words[len] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void too_much_ends_the_process_with_a_line(void **state)
{
    char words[100];

    (void)state;
    /* A product that does not fit into a size_t. */
    assert_int_equal(end_of(SIZE_MAX / 2, 3, words, sizeof words), EX_OSERR);
    assert_string_equal(words, "smtpost: out of memory\n");
    assert_int_equal(end_of(SIZE_MAX / 4 + 2, 4, words, sizeof words), EX_OSERR);
    assert_int_equal(end_of(3, 0, words, sizeof words), 0);
    assert_string_equal(words, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_comes_zeroed_and_copied),
        cmocka_unit_test(an_array_grows_and_keeps_what_it_holds),
        cmocka_unit_test(too_much_ends_the_process_with_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
