/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdlib.h>

#include "mail/msgid.h"
#include "mail/path.h"

#define COUNT_OF_IDS 1000

static void an_id_is_a_valid_address_between_angle_brackets(void **state)
{
    static const char *const rows[][2] = {
        {"example.org", "@example.org>"},
        {"[192.0.2.1]", "@[192.0.2.1]>"},
        {"", "@localhost>"},
        {NULL, "@localhost>"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 512);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct path path;
        struct err e;
        buf_reset(&out);
        msgid_format(&out, 1795488107, rows[i][0]);
        check_contains("id", buf_slice(&out).data, "<20261124024147.");
        size_t domain = slice_find(buf_slice(&out), '@', 0);
        assert_int_equal(domain, strlen("<20261124024147.") + 16);
        check_text("domain", slice_from(buf_slice(&out), domain), rows[i][1]);
        for (size_t j = 1; j < domain; j++)
            assert_true(ascii_is_digit(out.data[j]) || ascii_is_alpha(out.data[j]) ||
                        out.data[j] == '.');
        assert_true(path_parse(&path, buf_slice(&out), &e));
        path_clear(&path);
    }
    buf_clear(&out);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, 64);
}

static void no_two_ids_are_alike(void **state)
{
    static char ids[COUNT_OF_IDS][64];
    struct buf out;

    (void)state;
    buf_init(&out, 63);
    for (size_t i = 0; i < COUNT_OF_IDS; i++) {
        buf_reset(&out);
        msgid_format(&out, 1795488107, "example.org");
        memcpy(ids[i], out.data, out.len);
    }
    qsort(ids, COUNT_OF_IDS, sizeof ids[0], compare);
    for (size_t i = 1; i < COUNT_OF_IDS; i++)
        assert_memory_not_equal(ids[i], ids[i - 1], 64);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_a_valid_address_between_angle_brackets),
        cmocka_unit_test(no_two_ids_are_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
