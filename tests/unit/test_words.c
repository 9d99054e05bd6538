/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include "mail/words.h"

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define HUNDRED FIFTY FIFTY
#define THOUSAND HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED
#define UMLAUTS "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"

struct row {
    struct slice text;
    const char *result;
};

static void check_rows(const struct row *rows, size_t count,
                       void format(struct buf *out, struct slice text))
{
    struct buf out;

    buf_init(&out, 100000);
    for (size_t i = 0; i < count; i++) {
        buf_reset(&out);
        format(&out, rows[i].text);
        check_slice(rows[i].text, buf_slice(&out), slice_of(rows[i].result));
    }
    buf_clear(&out);
}

static void subject(struct buf *out, struct slice text)
{
    words_unstructured(out, text, sizeof "Subject: " - 1);
}

static void unstructured_text_is_encoded_where_it_must_be(void **state)
{
    static const struct row rows[] = {
        {TEXT(""), ""},
        {TEXT("  \t "), ""},
        {TEXT("plain text: = ? _ \"quoted\" <a@b>"), "plain text: = ? _ \"quoted\" <a@b>"},
        {TEXT("a  b\tc "), "a  b\tc"},
        {TEXT("one\r\nBcc: two"), "one  Bcc: two"},
        {TEXT("a\0b\x7f"), "a b"},
        {TEXT("Gr\xc3\xbc\xc3\x9f" "e"), "=?utf-8?B?R3LDvMOfZQ==?="},
        {TEXT("Re: Gr\xc3\xbc\xc3\x9f" "e an alle"), "Re: =?utf-8?B?R3LDvMOfZQ==?= an alle"},
        {TEXT("Caf\xc3\xa9 und Tee, K\xc3\xb6ln am Rhein"),
         "=?utf-8?Q?Caf=C3=A9_und_Tee=2C_K=C3=B6ln?= am Rhein"},
        {TEXT("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"), "=?utf-8?B?5pel5pys6Kqe?="},
        {TEXT("J\xf6rg"), "=?unknown-8bit?Q?J=F6rg?="},
        {TEXT("not =?utf-8?Q?encoded?="), "not =?utf-8?Q?=3D=3Futf-8=3FQ=3Fencoded=3F=3D?="},
    };
    (void)state;
    check_rows(rows, COUNT(rows), subject);
}

static void lines_are_folded(void **state)
{
    static const struct row rows[] = {
        /* 9 columns before it: 69 fit. */
        {TEXT(FIFTY " " TEN "01234567"), FIFTY " " TEN "01234567"},
        {TEXT(FIFTY " " TEN "012345678"), FIFTY "\r\n " TEN "012345678"},
        {TEXT(FIFTY "   " TEN "012345678"), FIFTY "\r\n   " TEN "012345678"},
        {TEXT(HUNDRED " x"), HUNDRED "\r\n x"},
        {TEXT("x " HUNDRED), "x\r\n " HUNDRED},
        {TEXT(UMLAUTS UMLAUTS UMLAUTS),
         "=?utf-8?B?w6TDtsO8w5/DpMO2w7zDn8Okw7bDvMOfw6TDtsO8w5/DpMO2w7w=?=\r\n"
         " =?utf-8?B?w5/DpMO2w7zDnw==?="},
        {TEXT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx " UMLAUTS),
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n =?utf-8?B?w6TDtsO8w5/DpMO2w7zDnw==?="},
    };
    (void)state;
    check_rows(rows, COUNT(rows), subject);
}

/* Every line within its limit, whatever the text. */
static void no_line_is_too_long(void **state)
{
    static const char *const pieces[] = {"a",    " ",    "\t", "\xc3\xa4", "\xf0\x9f\x98\x80",
                                         "\xff", "word", "=?", "?=",       "\"",
                                         TEN,    " ",    " "};
    uint32_t seed = 1;
    struct buf text, out;

    (void)state;
    buf_init(&text, 100000);
    buf_init(&out, 100000);
    for (int i = 0; i < 20000; i++) {
        buf_reset(&text);
        buf_reset(&out);
        for (unsigned count = check_random(&seed, 60); count; count--)
            buf_put_text(&text, pieces[check_random(&seed, COUNT(pieces))]);
        buf_put_text(&out, "Subject: ");
        subject(&out, buf_slice(&text));
        struct slice rest = buf_slice(&out);
        while (rest.len) {
            size_t lf = slice_find(rest, '\n', 0);
            struct slice line = slice_make(rest.data, lf < rest.len ? lf - 1 : rest.len);
            bool is_one_word = slice_find(line, ' ', 1) == line.len;
            check_row(text.data, line.len <= 78 || is_one_word || line.len < 100,
                      "a line is short");
            check_row(text.data, slice_trim(line).len > 0, "no line of blanks alone");
            check_row(text.data, !slice_has_8bit(line), "ASCII only");
            rest = slice_from(rest, lf + 1);
        }
    }
    buf_clear(&text);
    buf_clear(&out);
}

static void filename(struct buf *out, struct slice text)
{
    words_parameter(out, "filename", text);
}

static void parameters_are_quoted_encoded_and_split(void **state)
{
    static const struct row rows[] = {
        {TEXT(""), ";\r\n filename=\"\""},
        {TEXT("a b.png"), ";\r\n filename=\"a b.png\""},
        {TEXT("a\"b\\c;d"), ";\r\n filename=\"a\\\"b\\\\c;d\""},
        {TEXT("Gr\xc3\xbc\xc3\x9f" "e 1.png"), ";\r\n filename*=utf-8''Gr%C3%BC%C3%9Fe%201.png"},
        {TEXT("a\nb"), ";\r\n filename*=utf-8''a%0Ab"},
        {TEXT("\xe4'*%"), ";\r\n filename*=unknown-8bit''%E4%27%2A%25"},
        {TEXT(FIFTY "0123456789012"), ";\r\n filename=\"" FIFTY "0123456789012\""},
        {TEXT(FIFTY TEN TEN),
         ";\r\n filename*0=\"" FIFTY TEN "01\";\r\n filename*1=\"23456789\""},
        {TEXT(UMLAUTS UMLAUTS),
         ";\r\n filename*0*=utf-8''%C3%A4%C3%B6%C3%BC%C3%9F%C3%A4%C3%B6%C3%BC%C3%9F%C3%A4"
         ";\r\n filename*1*=%C3%B6%C3%BC%C3%9F%C3%A4%C3%B6%C3%BC%C3%9F"},
    };
    (void)state;
    check_rows(rows, COUNT(rows), filename);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unstructured_text_is_encoded_where_it_must_be),
        cmocka_unit_test(lines_are_folded),
        cmocka_unit_test(no_line_is_too_long),
        cmocka_unit_test(parameters_are_quoted_encoded_and_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
