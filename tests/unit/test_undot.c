/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/wire.h"

#include "check.h"

struct row {
    const char *data, *text;
    size_t used;             /* octets up to the end of the data; 0: it has no end */
};

static const struct row rows[] = {
    {".\r\n", "", 3},
    {"a\r\n.\r\nQUIT\r\n", "a\r\n", 6},
    {"..a\r\n...\r\n.\r\n", ".a\r\n..\r\n", 13},
    {".a\r\n", "a\r\n", 0},
    {"a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", 10},
    {"a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", 11},
    {"a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", 11},
    {"a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", 11},
    {"a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", 11},
    {"a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", 10},
    {"a\r\r\n.\r\n", "a\r\r\n", 7},
    {"a", "a", 0},
};

/* In pieces of every size: where a block ends makes no difference. */
static void only_crlf_dot_crlf_ends_the_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t piece = 1; piece <= strlen(rows[i].data); piece++) {
            struct slice rest = slice_of(rows[i].data);
            struct wire_undot w;
            struct buf out;
            size_t used = 0;

            wire_undot_init(&w);
            buf_init(&out, 1000);
            while (rest.len && !w.ended) {
                size_t len = rest.len < piece ? rest.len : piece;
                size_t took = wire_undot_put(&w, slice_make(rest.data, len), &out);
                used += took;
                rest = slice_from(rest, took);
            }
            check_text(rows[i].data, buf_slice(&out), rows[i].text);
            check_row(rows[i].data, w.ended == (rows[i].used > 0), "ended");
            if (w.ended)
                assert_int_equal(used, rows[i].used);
            buf_clear(&out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_crlf_dot_crlf_ends_the_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
