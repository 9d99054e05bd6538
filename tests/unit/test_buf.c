/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void a_buf_is_always_terminated_and_grows(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100000);
    check_text("empty", buf_slice(&b), "");
    for (int i = 0; i < 100000; i++) {
        buf_put_byte(&b, (char)('a' + i % 26));
        assert_int_equal(b.data[b.len], '\0');
    }
    assert_int_equal(b.len, 100000);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    assert_false(b.overflow);
    buf_clear(&b);
    check_text("cleared", buf_slice(&b), "");
    buf_put_text(&b, "again");
    check_text("again", buf_slice(&b), "again");
    buf_clear(&b);
    buf_clear(&b);
}

static void what_does_not_fit_is_not_put_at_all_and_that_sticks(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4);
    buf_put_text(&b, "abcd");
    assert_false(b.overflow);
    buf_put_text(&b, "");
    assert_false(b.overflow);
    buf_put_byte(&b, 'e');
    assert_true(b.overflow);
    buf_cut(&b, 1);
    buf_put_byte(&b, 'x');
    assert_true(b.overflow);
    check_text("sticky", buf_slice(&b), "a");
    buf_reset(&b);
    assert_false(b.overflow);
    buf_put_text(&b, "toolong");
    check_text("whole or not at all", buf_slice(&b), "");
    buf_reset(&b);
    buf_put_format(&b, "%d", 12345);
    assert_true(b.overflow);
    buf_reset(&b);
    buf_put_format(&b, "%s-%d", "a", 12);
    check_text("format", buf_slice(&b), "a-12");
    buf_clear(&b);
    buf_init(&b, 0);
    buf_put_text(&b, "");
    assert_false(b.overflow);
    buf_put_byte(&b, 'x');
    assert_true(b.overflow);
    buf_clear(&b);
}

static void bytes_can_be_forgotten_at_both_ends(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100);
    buf_cut(&b, 0);
    buf_drop(&b, 5);
    buf_put_text(&b, "abcdef");
    buf_cut(&b, 99);
    check_text("cut beyond the end", buf_slice(&b), "abcdef");
    buf_cut(&b, 5);
    buf_drop(&b, 2);
    check_text("middle", buf_slice(&b), "cde");
    buf_drop(&b, 0);
    check_text("nothing", buf_slice(&b), "cde");
    buf_drop(&b, 4);
    check_text("all", buf_slice(&b), "");
    buf_put_text(&b, "taken");
    char *text = buf_take(&b);
    assert_string_equal(text, "taken");
    free(text);
    text = buf_take(&b);
    assert_string_equal(text, "");
    free(text);
    buf_put_text(&b, "secret");
    buf_wipe(&b);
    assert_int_equal(b.len, 0);
}

static void slices_compare_and_trim(void **state)
{
    struct slice s = slice_of("Hello");

    (void)state;
    assert_int_equal(slice_of(NULL).len, 0);
    check_text("from", slice_from(s, 2), "llo");
    check_text("from beyond", slice_from(s, 99), "");
    check_text("from nothing", slice_from(slice_of(NULL), 0), "");
    check_text("trim", slice_trim(SLICE(" \t\r\n a b \r\n")), "a b");
    check_text("trim all", slice_trim(SLICE(" \t ")), "");
    check_text("trim keeps", slice_trim(SLICE("\va\v")), "\va\v");
    assert_true(slice_eq(SLICE(""), slice_of(NULL)));
    assert_true(slice_eq(s, SLICE("Hello")));
    assert_false(slice_eq(s, SLICE("hello")));
    assert_false(slice_eq(s, SLICE("Hell")));
    assert_true(slice_eq_nocase(s, SLICE("hELLO")));
    assert_false(slice_eq_nocase(s, SLICE("hELL")));
    assert_false(slice_eq_nocase(SLICE("\xc3\xa4"), SLICE("\xc3\x84")));
    assert_false(slice_eq_nocase(SLICE("[{"), SLICE("{[")));
    assert_true(slice_has_prefix(s, SLICE("He")));
    assert_true(slice_has_prefix(s, SLICE("")));
    assert_false(slice_has_prefix(s, SLICE("Hello!")));
    assert_true(slice_has_prefix_nocase(s, SLICE("hE")));
    assert_false(slice_has_prefix_nocase(s, SLICE("el")));
    assert_int_equal(slice_find(s, 'l', 0), 2);
    assert_int_equal(slice_find(s, 'l', 3), 3);
    assert_int_equal(slice_find(s, 'l', 4), 5);
    assert_int_equal(slice_find(s, 'l', 99), 5);
    assert_true(slice_has_byte(SLICE("a\0b"), '\0'));
    assert_false(slice_has_byte(s, '\0'));
    assert_true(slice_has_8bit(SLICE("a\x80")));
    assert_false(slice_has_8bit(SLICE("a\x7f\0")));
    char *copy = slice_dup(slice_from(s, 1));
    assert_string_equal(copy, "ello");
    free(copy);
}

/* At each place of stretches that are looked at as one. */
static void octets_are_found_and_counted_wherever_they_are(void **state)
{
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof text; i++) {
        struct slice all = slice_make(text, sizeof text);
        text[i] = '\x80';
        assert_true(slice_has_8bit(all));
        assert_false(slice_has_8bit(slice_make(text, i)));
        assert_false(slice_has_8bit(slice_from(all, i + 1)));
        text[i] = '\n';
        assert_int_equal(slice_count(all, '\n'), i + 1);
        assert_int_equal(slice_count(slice_from(all, i), '\n'), 1);
        assert_int_equal(slice_count(slice_make(text, i), '\n'), i);
    }
}

static void room_is_taken_and_filled(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    buf_put_text(&b, "abc");
    char *to = buf_room(&b, 7);
    assert_non_null(to);
    memcpy(to, "de", 2);
    buf_added(&b, 2);
    assert_string_equal(b.data, "abcde");
    assert_int_equal(b.len, 5);
    assert_null(buf_room(&b, 6));
    assert_true(b.overflow);
    buf_clear(&b);
}

static void numbers_are_strict(void **state)
{
    static const struct {
        const char *text;
        unsigned long max;
        bool ok;
        unsigned long value;
    } rows[] = {
        {"0", 10, true, 0},
        {"10", 10, true, 10},
        {"11", 10, false, 0},
        {"007", 10, true, 7},
        {"18446744073709551616", (unsigned long)-1, false, 0},
        {"99999999999999999999999", (unsigned long)-1, false, 0},
        {"", 10, false, 0},
        {"+1", 10, false, 0},
        {"-1", 10, false, 0},
        {" 1", 10, false, 0},
        {"1 ", 10, false, 0},
        {"0x1", 10, false, 0},
        {"1.0", 10, false, 0},
        {"9", 5, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned long value = 99;
        check_row(rows[i].text, slice_number(slice_of(rows[i].text), rows[i].max, &value) ==
                  rows[i].ok, "a number or none");
        assert_int_equal(value, rows[i].ok ? rows[i].value : 99);
    }
}

static void ascii_is_ascii_only(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        assert_int_equal(ascii_is_digit(c), i >= '0' && i <= '9');
        assert_int_equal(ascii_is_alpha(c), (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z'));
        assert_int_equal(ascii_is_control(c), i < 32 || i == 127);
        assert_int_equal((unsigned char)ascii_lower(c), i >= 'A' && i <= 'Z' ? i + 32 : i);
        assert_int_equal((unsigned char)ascii_upper(c), i >= 'a' && i <= 'z' ? i - 32 : i);
    }
    assert_int_equal(ascii_hex_value('9'), 9);
    assert_int_equal(ascii_hex_value('f'), 15);
    assert_int_equal(ascii_hex_value('A'), 10);
    assert_int_equal(ascii_hex_value('g'), -1);
    assert_int_equal(ascii_hex_value('\0'), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buf_is_always_terminated_and_grows),
        cmocka_unit_test(what_does_not_fit_is_not_put_at_all_and_that_sticks),
        cmocka_unit_test(bytes_can_be_forgotten_at_both_ends),
        cmocka_unit_test(slices_compare_and_trim),
        cmocka_unit_test(octets_are_found_and_counted_wherever_they_are),
        cmocka_unit_test(room_is_taken_and_filled),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(ascii_is_ascii_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
