/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include "base/base64.h"
#include "mail/transfer.h"

#define TEXT_MAX 8192

static void encode(struct slice text, size_t step, struct buf *out)
{
    struct quoted_printable q;

    buf_reset(out);
    quoted_printable_init(&q);
    for (size_t at = 0; at < text.len; at += step)
        quoted_printable_put(
            &q, slice_make(text.data + at, text.len - at < step ? text.len - at : step), out);
    quoted_printable_end(&q, out);
}

/* Forty octets that stand for themselves. */
#define FORTY "0123456789012345678901234567890123456789"
#define SEVENTY FORTY "012345678901234567890123456789"

struct row {
    struct slice text, result;
};

static const struct row rows[] = {
    {TEXT(""), TEXT("")},
    {TEXT("\r\n"), TEXT("\r\n")},
    {TEXT("plain text\r\n"), TEXT("plain text\r\n")},
    {TEXT("a=b\r\n"), TEXT("a=3Db\r\n")},
    {TEXT("J\xc3\xb6rg\r\n"), TEXT("J=C3=B6rg\r\n")},
    {TEXT("a\0b\x7f\x01\r\n"), TEXT("a=00b=7F=01\r\n")},
    {TEXT("a\rb\nc\r\n"), TEXT("a=0Db=0Ac\r\n")},
    {TEXT("a\r\r\n"), TEXT("a=0D\r\n")},
    {TEXT("a \rb\r\n"), TEXT("a =0Db\r\n")},
    {TEXT("a\n\r\n"), TEXT("a=0A\r\n")},
    /* Blanks at the end of a line. */
    {TEXT("a \r\n"), TEXT("a=20\r\n")},
    {TEXT("a  \t\r\n"), TEXT("a  =09\r\n")},
    {TEXT(" \r\n"), TEXT("=20\r\n")},
    {TEXT("a b\tc\r\n"), TEXT("a b\tc\r\n")},
    {TEXT("a "), TEXT("a=20=\r\n")},
    {TEXT("a\r"), TEXT("a=0D=\r\n")},
    {TEXT("a"), TEXT("a=\r\n")},
    /* Careless relays. */
    {TEXT(".\r\n"), TEXT("=2E\r\n")},
    {TEXT("..\r\nx.\r\n.x\r\n"), TEXT("=2E.\r\nx.\r\n=2Ex\r\n")},
    {TEXT("From here\r\n"), TEXT("From=20here\r\n")},
    {TEXT("From \r\n"), TEXT("From=20\r\n")},
    {TEXT("From\there\r\n"), TEXT("From=09here\r\n")},
    {TEXT("From: x\r\nfrom y\r\n>From z\r\n From a\r\n"),
     TEXT("From: x\r\nfrom y\r\n>From z\r\n From a\r\n")},
    {TEXT("FrFrom x\r\nFroFrom x\r\n"), TEXT("FrFrom x\r\nFroFrom x\r\n")},
    /* Soft line breaks: 76 characters with the "=". */
    {TEXT(SEVENTY "01234\r\n"), TEXT(SEVENTY "01234\r\n")},
    {TEXT(SEVENTY "012345\r\n"), TEXT(SEVENTY "01234=\r\n5\r\n")},
    {TEXT(SEVENTY "012=\r\n"), TEXT(SEVENTY "012=\r\n=3D\r\n")},
    {TEXT(SEVENTY "01=\r\n"), TEXT(SEVENTY "01=3D\r\n")},
    {TEXT(SEVENTY "0123 \r\n"), TEXT(SEVENTY "0123=\r\n=20\r\n")},
    {TEXT(SEVENTY "0123 4\r\n"), TEXT(SEVENTY "0123 =\r\n4\r\n")},
    {TEXT(SEVENTY "01234.5\r\n"), TEXT(SEVENTY "01234=\r\n=2E5\r\n")},
    {TEXT(SEVENTY "01234From x\r\n"), TEXT(SEVENTY "01234=\r\nFrom=20x\r\n")},
};

static void quoted_printable_is_as_the_table_has_it_wherever_blocks_end(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, TEXT_MAX);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t step = 1; step <= rows[i].text.len + 1; step++) {
            encode(rows[i].text, step, &out);
            check_slice(rows[i].text, buf_slice(&out), rows[i].result);
        }
    buf_clear(&out);
}

/* RFC 2045 6.7, strictly. */
static void decode(struct slice text, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '=') {
            buf_put_byte(out, text.data[i]);
            continue;
        }
        assert_true(i + 2 < text.len);
        if (text.data[i + 1] != '\r')
            buf_put_byte(out, (char)(ascii_hex_value(text.data[i + 1]) << 4 |
                                     ascii_hex_value(text.data[i + 2])));
        i += 2;
    }
}

/* Lines of at most 76 characters, printable, none with a blank at its end or a start that careless
 * relays change. */
static void check_lines(struct slice text)
{
    size_t end;

    for (size_t at = 0; at < text.len; at = end + 1) {
        end = slice_find(text, '\n', at);
        assert_true(end < text.len && end > at && text.data[end - 1] == '\r');
        struct slice line = slice_make(text.data + at, end - 1 - at);
        assert_true(line.len <= 76);
        for (size_t i = 0; i < line.len; i++)
            assert_true(line.data[i] == '\t' || (line.data[i] >= ' ' && line.data[i] < 127));
        if (line.len == 0)
            continue;
        assert_true(line.data[line.len - 1] != ' ' && line.data[line.len - 1] != '\t');
        assert_true(line.data[0] != '.' && !slice_has_prefix(line, SLICE("From ")));
    }
}

static void quoted_printable_decodes_to_what_it_was_made_of(void **state)
{
    static const char octets[] = "\r\n\r\n  .=From ax\0\xc3\xff\t";
    char text[400];
    uint32_t seed = 3;
    struct buf out, back;

    (void)state;
    buf_init(&out, TEXT_MAX);
    buf_init(&back, TEXT_MAX);
    for (int round = 0; round < 5000; round++) {
        size_t len = check_random(&seed, sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = octets[check_random(&seed, round % 2 ? sizeof octets - 1 : 12)];
        encode(slice_make(text, len), 1 + check_random(&seed, 90), &out);
        check_lines(buf_slice(&out));
        decode(buf_slice(&out), &back);
        check_slice(buf_slice(&out), buf_slice(&back), slice_make(text, len));
    }
    buf_clear(&out);
    buf_clear(&back);
}

static void base64_has_lines_of_76_wherever_blocks_end(void **state)
{
    char bytes[300];
    struct buf out, plain, joined;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 % 256);
    buf_init(&out, TEXT_MAX);
    buf_init(&plain, TEXT_MAX);
    buf_init(&joined, TEXT_MAX);
    for (size_t len = 0; len <= sizeof bytes; len += len < 120 ? 1 : 19)
        for (size_t step = 1; step <= len + 1; step += step < 60 ? 1 : 17) {
            struct base64_lines b;
            base64_lines_init(&b);
            buf_reset(&out);
            for (size_t at = 0; at < len; at += step)
                base64_lines_put(&b, slice_make(bytes + at, len - at < step ? len - at : step),
                                 &out);
            base64_lines_end(&b, &out);
            buf_reset(&plain);
            buf_reset(&joined);
            base64_encode(&plain, slice_make(bytes, len));
            for (size_t at = 0; at < out.len; at += 78) {
                size_t line = out.len - at < 78 ? out.len - at - 2 : 76;
                buf_put(&joined, out.data + at, line);
                assert_memory_equal(out.data + at + line, "\r\n", 2);
            }
            check_slice(SLICE("base64"), buf_slice(&joined), buf_slice(&plain));
        }
    buf_clear(&out);
    buf_clear(&plain);
    buf_clear(&joined);
}

static void utf8_is_checked_as_rfc_3629_has_it(void **state)
{
    static const struct {
        struct slice text;
        bool ok;
    } texts[] = {
        {TEXT(""), true},
        {TEXT("ascii only, longer than a word\0\x7f"), true},
        {TEXT("\xc2\x80\xdf\xbf"), true},
        {TEXT("\xe0\xa0\x80\xef\xbf\xbf"), true},
        {TEXT("\xed\x9f\xbf\xee\x80\x80"), true},
        {TEXT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true},
        {TEXT("abcdefgh\xc3\xa4 abcdefgh\xe2\x82\xac!"), true},
        {TEXT("\x80"), false},
        {TEXT("abcdefgh\xbf"), false},
        {TEXT("\xc0\x80"), false},
        {TEXT("\xc1\xbf"), false},
        {TEXT("\xe0\x9f\xbf"), false},
        {TEXT("\xed\xa0\x80"), false},
        {TEXT("\xf0\x8f\xbf\xbf"), false},
        {TEXT("\xf4\x90\x80\x80"), false},
        {TEXT("\xf5\x80\x80\x80"), false},
        {TEXT("\xff"), false},
        {TEXT("\xc3"), false},
        {TEXT("\xe2\x82"), false},
        {TEXT("\xc3x"), false},
        {TEXT("\xe2\x82x"), false},
        {TEXT("\xf0\x9f\x98\xc3\xa4"), false},
        {TEXT("\xff good again, and for long"), false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t first = 0; first <= texts[i].text.len; first++) {
            struct utf8_check u;
            utf8_check_init(&u);
            utf8_check_put(&u, slice_make(texts[i].text.data, first));
            utf8_check_put(&u, slice_from(texts[i].text, first));
            check_row(texts[i].text.data, utf8_check_is_valid(&u) == texts[i].ok, "validity");
        }
}

/* What a decoder passes over is not carried on, and lines are short again. */
static void base64_is_wrapped_anew(void **state)
{
    static const struct row texts[] = {
        {TEXT(""), TEXT("")},
        {TEXT("eHh4\r\n"), TEXT("eHh4\r\n")},
        {TEXT("eHh4\r\neHg=\r\n"), TEXT("eHh4eHg=\r\n")},
        {TEXT("e\xffH\0h -4\t!\r\n"), TEXT("eHh4\r\n")},
        {TEXT("\xff"), TEXT("")},
        {TEXT(SEVENTY "ABCDEFGH"), TEXT(SEVENTY "ABCDEF\r\nGH\r\n")},
    };
    struct buf got;

    (void)state;
    buf_init(&got, TEXT_MAX);
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t first = 0; first <= texts[i].text.len; first++) {
            unsigned column = 0;
            buf_reset(&got);
            base64_rewrap(&column, slice_make(texts[i].text.data, first), &got);
            base64_rewrap(&column, slice_from(texts[i].text, first), &got);
            base64_rewrap_end(&column, &got);
            check_slice(texts[i].text, buf_slice(&got), texts[i].result);
        }
    buf_clear(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quoted_printable_is_as_the_table_has_it_wherever_blocks_end),
        cmocka_unit_test(quoted_printable_decodes_to_what_it_was_made_of),
        cmocka_unit_test(base64_has_lines_of_76_wherever_blocks_end),
        cmocka_unit_test(base64_is_wrapped_anew),
        cmocka_unit_test(utf8_is_checked_as_rfc_3629_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
