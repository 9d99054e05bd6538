/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include "base/secret.h"

static void a_secret_is_a_copy_that_can_be_replaced_and_cleared(void **state)
{
    struct secret s = {0};
    char password[] = "pass\0word";

    (void)state;
    assert_true(secret_is_empty(&s));
    check_text("empty", secret_bytes(&s), "");
    secret_set(&s, slice_make(password, sizeof password - 1));
    memset(password, 'x', sizeof password);
    check_slice(SLICE("set"), secret_bytes(&s), SLICE("pass\0word"));
    assert_false(secret_is_empty(&s));
    secret_set(&s, SLICE("other"));
    check_text("replaced", secret_bytes(&s), "other");
    /* By a part of itself. */
    secret_set(&s, slice_from(secret_bytes(&s), 2));
    check_text("itself", secret_bytes(&s), "her");
    secret_set(&s, SLICE(""));
    assert_true(secret_is_empty(&s));
    secret_clear(&s);
    secret_clear(&s);
    assert_true(secret_is_empty(&s));
}

static void memory_is_wiped(void **state)
{
    char memory[32];

    (void)state;
    memset(memory, 'x', sizeof memory);
    secret_wipe_memory(memory, sizeof memory - 1);
    for (size_t i = 0; i < sizeof memory - 1; i++)
        assert_int_equal(memory[i], 0);
    assert_int_equal(memory[sizeof memory - 1], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_a_copy_that_can_be_replaced_and_cleared),
        cmocka_unit_test(memory_is_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
