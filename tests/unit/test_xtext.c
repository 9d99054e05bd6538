/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "mail/xtext.h"

#include "check.h"

static const struct {
    struct slice bytes, text;
} pairs[] = {
    {TEXT(""), TEXT("")},
    {TEXT("ada@example.org"), TEXT("ada@example.org")},
    {TEXT("a+b=c"), TEXT("a+2Bb+3Dc")},
    {TEXT(" "), TEXT("+20")},
    {TEXT("!~"), TEXT("!~")},
    {TEXT("\x7f\x80\xff\0"), TEXT("+7F+80+FF+00")},
    {TEXT("a\r\nRCPT TO:<x>"), TEXT("a+0D+0ARCPT+20TO:<x>")},
};

static void encodes_and_decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct buf out;
        buf_init(&out, 100);
        xtext_encode(&out, pairs[i].bytes);
        check_slice(pairs[i].bytes, buf_slice(&out), pairs[i].text);
        buf_reset(&out);
        check_row(pairs[i].text.data, xtext_decode(&out, pairs[i].text), "can be decoded");
        check_slice(pairs[i].text, buf_slice(&out), pairs[i].bytes);
        check_row(pairs[i].text.data, xtext_is_valid(pairs[i].text), "is valid");
        buf_clear(&out);
    }
}

static void refuses_what_is_none(void **state)
{
    static const struct slice rows[] = {
        TEXT("a b"), TEXT("a=b"), TEXT("+"), TEXT("+4"), TEXT("+4G"), TEXT("+2b"), TEXT("a\r\nb"),
        TEXT("\x80"), TEXT("a\0"), TEXT("\x7f"), TEXT("a+"), TEXT("++41"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        buf_init(&out, 100);
        check_row(rows[i].data, !xtext_is_valid(rows[i]), "is not valid");
        check_row(rows[i].data, !xtext_decode(&out, rows[i]), "cannot be decoded");
        buf_clear(&out);
    }
}

static void knows_the_values_of_dsn_parameters(void **state)
{
    static const struct {
        const char *text;
        bool envid, orcpt;
    } rows[] = {
        {"", false, false},
        {"QQ314159", true, false},
        {"rfc822;bob@example.net", true, true},
        {"rfc822;bob+2Bx@example.net", true, true},
        {"utf-8;bob", true, true},
        {"rfc822;", true, false},
        {";bob", true, false},
        {"rfc 822;bob", false, false},
        {"rfc_822;bob", true, false},
        {"rfc822;bob+x", false, false},
    };
    char longest[502];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice text = slice_of(rows[i].text);
        check_row(rows[i].text, xtext_is_envid(text) == rows[i].envid, "an ENVID or not");
        check_row(rows[i].text, xtext_is_orcpt(text) == rows[i].orcpt, "an ORCPT or not");
    }
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "rfc822;", 7);
    check_row("500 octets", xtext_is_orcpt(slice_make(longest, 500)), "an ORCPT");
    check_row("501 octets", !xtext_is_orcpt(slice_make(longest, 501)), "no ORCPT");
    check_row("100 octets", xtext_is_envid(slice_make(longest + 10, 100)), "an ENVID");
    check_row("101 octets", !xtext_is_envid(slice_make(longest + 10, 101)), "no ENVID");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_and_decodes),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(knows_the_values_of_dsn_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
