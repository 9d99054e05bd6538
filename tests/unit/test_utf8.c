/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "base/utf8.h"

#include "check.h"

struct row {
    struct slice text;
    size_t len;              /* 0: no character */
    uint32_t point;
    bool visible;
};

static void characters_are_those_of_rfc_3629(void **state)
{
    static const struct row rows[] = {
        {TEXT(""), 0, 0, false},
        {TEXT("a"), 1, 'a', true},
        {TEXT("\0"), 1, 0, false},
        {TEXT("\x1b"), 1, 0x1b, false},
        {TEXT("\x7f"), 1, 0x7f, false},
        {TEXT("\x80"), 0, 0, false},
        {TEXT("\xc1\xbf"), 0, 0, false},
        {TEXT("\xc2\x9f"), 2, 0x9f, false},
        {TEXT("\xc2\xa0"), 2, 0xa0, true},
        {TEXT("\xdf\xbfx"), 2, 0x7ff, true},
        {TEXT("\xe0\x9f\xbf"), 0, 0, false},
        {TEXT("\xe0\xa0\x80"), 3, 0x800, true},
        {TEXT("\xe2\x80\x8e"), 3, 0x200e, false},
        {TEXT("\xe2\x80\x94"), 3, 0x2014, true},
        {TEXT("\xe2\x80\xa8"), 3, 0x2028, false},
        {TEXT("\xe2\x80\xb0"), 3, 0x2030, true},
        {TEXT("\xe2\x81\xa9"), 3, 0x2069, false},
        {TEXT("\xe2\x82"), 0, 0, false},
        {TEXT("\xed\x9f\xbf"), 3, 0xd7ff, true},
        {TEXT("\xed\xa0\x80"), 0, 0, false},
        {TEXT("\xf0\x8f\xbf\xbf"), 0, 0, false},
        {TEXT("\xf0\x90\x80\x80"), 4, 0x10000, true},
        {TEXT("\xf4\x8f\xbf\xbf"), 4, 0x10ffff, true},
        {TEXT("\xf4\x90\x80\x80"), 0, 0, false},
        {TEXT("\xf8\x88\x80\x80\x80"), 0, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t point = 0;
        size_t len = utf8_decode(rows[i].text, &point);

        if (len != rows[i].len || point != rows[i].point)
            fail_msg("row %zu: %zu octets, U+%04X", i, len, (unsigned)point);
        if (len && utf8_is_visible(point) != rows[i].visible)
            fail_msg("row %zu: U+%04X", i, (unsigned)point);
    }
}

static void characters_are_counted(void **state)
{
    static const struct {
        struct slice text;
        size_t length;
    } rows[] = {
        {TEXT(""), 0}, {TEXT("abc"), 3}, {TEXT("Gr\xc3\xbc\xc3\x9f"), 4},
        {TEXT("\xf0\x90\x80\x80!"), 2}, {TEXT("\xff\xc3"), 2}, {TEXT("a\xe2\x82"), 3},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(utf8_length(rows[i].text), rows[i].length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_those_of_rfc_3629),
        cmocka_unit_test(characters_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
