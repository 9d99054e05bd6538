/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */

/* confine_pledge.c where there is no OpenBSD: against calls that only write down what they were
 * asked. That it builds, and asks in the right order, is all that this shows. */

#include "check.h"

#include <errno.h>
#include <stdio.h>

int pledge(const char *promises, const char *execpromises);
int unveil(const char *path, const char *permissions);

#include "base/confine_pledge.c"

static char asked[1000];
static const char *missing;      /* a place that unveil does not know */
static const char *refused;      /* a call that fails */

static int note(const char *call, const char *first, const char *second)
{
    size_t len = strlen(asked);

    snprintf(asked + len, sizeof asked - len, "%s(%s,%s) ", call, first ? first : "-",
             second ? second : "-");
    if (missing && first && strcmp(first, missing) == 0) {
        errno = ENOENT;
        return -1;
    }
    errno = EPERM;
    return refused && strcmp(call, refused) == 0 ? -1 : 0;
}

int pledge(const char *promises, const char *execpromises)
{
    return note("pledge", promises, execpromises);
}

int unveil(const char *path, const char *permissions)
{
    return note("unveil", path, permissions);
}

static bool confine(const char *without, const char *failing)
{
    static const char *const places[] = {"/queue", "/log"};

    asked[0] = '\0';
    missing = without;
    refused = failing;
    return confine_writes(places, 2);
}

static void places_are_unveiled_and_then_no_more(void **state)
{
    (void)state;
    confine_memory();
    assert_true(confine(NULL, NULL));
    check_contains("order", asked, "unveil(/,r) unveil(/queue,rwc) unveil(/log,rwc) unveil(-,-) "
                                   "pledge(stdio rpath ");
    assert_null(strstr(asked, "exec"));
    assert_null(strstr(asked, "proc"));
}

static void a_place_that_is_not_there_is_left_out(void **state)
{
    (void)state;
    assert_true(confine("/queue", NULL));
    check_contains("rest", asked, "unveil(/log,rwc) unveil(-,-) pledge(");
}

static void a_refusal_is_told(void **state)
{
    (void)state;
    assert_false(confine(NULL, "unveil"));
    assert_null(strstr(asked, "pledge"));
    assert_false(confine(NULL, "pledge"));
    assert_string_equal(confine_state(), "pledge and unveil");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_unveiled_and_then_no_more),
        cmocka_unit_test(a_place_that_is_not_there_is_left_out),
        cmocka_unit_test(a_refusal_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
