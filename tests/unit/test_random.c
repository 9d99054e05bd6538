/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/random.h"

#include "check.h"

static void no_two_are_the_same(void **state)
{
    unsigned char a[1000] = {0}, b[1000] = {0};
    size_t zeros = 0;

    (void)state;
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    /* Also behind the 256 octets that a call of the system gives. */
    for (size_t i = 256; i < sizeof a; i++)
        zeros += a[i] == 0;
    assert_in_range(zeros, 0, 50);
    random_bytes(NULL, 0);
}

static void names_need_no_quotes_anywhere(void **state)
{
    char name[64], seen[256] = {0};
    size_t kinds = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        memset(name, 'X', sizeof name);
        random_name(name, 40);
        assert_int_equal(strspn(name, "0123456789abcdefghjkmnpqrstvwxyz"), 40);
        assert_int_equal(name[40], '\0');
        assert_int_equal(name[41], 'X');
        for (int k = 0; k < 40; k++)
            seen[(unsigned char)name[k]] = 1;
    }
    for (size_t i = 0; i < sizeof seen; i++)
        kinds += seen[i] != 0;
    assert_int_equal(kinds, 32);
    random_name(name, 0);
    assert_string_equal(name, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_are_the_same),
        cmocka_unit_test(names_need_no_quotes_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
