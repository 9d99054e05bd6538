/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"

static void control_octets_become_harmless_and_text_stays(void **state)
{
    static const struct {
        struct slice text;
        const char *result;
    } rows[] = {
        {TEXT(""), ""},
        {TEXT("plain text, \\ and all"), "plain text, \\ and all"},
        {TEXT("a\r\nb\tc\0d"), "a\\x0D\\x0Ab\\x09c\\x00d"},
        {TEXT("\x1b[2J"), "\\x1B[2J"},
        {TEXT("\x7f"), "\\x7F"},
        {TEXT("\x80\x9b\xff"), "\\x80\\x9B\\xFF"},
        /* C1 in UTF-8. */
        {TEXT("a\xc2\x9bm"), "a\\xC2\\x9Bm"},
        {TEXT("\xc2\x80\xc2\x9f"), "\\xC2\\x80\\xC2\\x9F"},
        {TEXT("\xc2\xa0"), "\xc2\xa0"},
        /* Marks that reorder: LRM, RLM, LRE..RLO, LRI..PDI. */
        {TEXT("\xe2\x80\x8e\xe2\x80\x8f"), "\\xE2\\x80\\x8E\\xE2\\x80\\x8F"},
        {TEXT("\xe2\x80\xae"), "\\xE2\\x80\\xAE"},
        {TEXT("\xe2\x81\xa6\xe2\x81\xa9"), "\\xE2\\x81\\xA6\\xE2\\x81\\xA9"},
        /* Well-formed text of all lengths. */
        {TEXT("J\xc3\xb6rg"), "J\xc3\xb6rg"},
        {TEXT("\xe2\x82\xac \xe2\x80\x9cx\xe2\x80\x9d \xe2\x80\x94"),
         "\xe2\x82\xac \xe2\x80\x9cx\xe2\x80\x9d \xe2\x80\x94"},
        {TEXT("\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"), "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"},
        {TEXT("\xef\xbf\xbd\xed\x9f\xbf"), "\xef\xbf\xbd\xed\x9f\xbf"},
        /* Cut, overlong, surrogates, too high. */
        {TEXT("\xc3"), "\\xC3"},
        {TEXT("\xe2\x82"), "\\xE2\\x82"},
        {TEXT("\xf0\x9f\x98"), "\\xF0\\x9F\\x98"},
        {TEXT("\xc3x"), "\\xC3x"},
        {TEXT("\xe2\x82x"), "\\xE2\\x82x"},
        {TEXT("\xc0\xaf"), "\\xC0\\xAF"},
        {TEXT("\xc1\x81"), "\\xC1\\x81"},
        {TEXT("\xe0\x9f\xbf"), "\\xE0\\x9F\\xBF"},
        {TEXT("\xf0\x8f\xbf\xbf"), "\\xF0\\x8F\\xBF\\xBF"},
        {TEXT("\xed\xa0\x80"), "\\xED\\xA0\\x80"},
        {TEXT("\xf4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80"},
        {TEXT("\xf5\x80\x80\x80"), "\\xF5\\x80\\x80\\x80"},
        {TEXT("\xc3\xc3\xb6"), "\\xC3\xc3\xb6"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_reset(&out);
        log_clean(&out, rows[i].text);
        check_slice(rows[i].text, buf_slice(&out), slice_of(rows[i].result));
    }
    buf_clear(&out);
}

static void sizes_are_told_in_human_units(void **state)
{
    static const struct {
        uint64_t octets;
        const char *text;
    } rows[] = {
        {0, "0 octets"},
        {1, "1 octet"},
        {1023, "1023 octets"},
        {1024, "1 KiB"},
        {1535, "1.4 KiB"},
        {1536, "1.5 KiB"},
        {1048575, "1023.9 KiB"},
        {1048576, "1 MiB"},
        {25 * 1048576, "25 MiB"},
        {UINT64_C(3) << 30, "3 GiB"},
        {UINT64_MAX, "15.9 EiB"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_reset(&out);
        log_size(&out, rows[i].octets);
        check_text(rows[i].text, buf_slice(&out), rows[i].text);
    }
    buf_clear(&out);
}

static void fields_are_quoted_when_they_must_be(void **state)
{
    static const struct {
        const char *value, *result;
    } rows[] = {
        {"plain", "key=plain"},
        {"a@b", "key=a@b"},
        {"", "key=\"\""},
        {"two words", "key=\"two words\""},
        {"a=b", "key=\"a=b\""},
        {"say \"hi\"", "key=\"say \\\"hi\\\"\""},
        {"a\nb", "key=\"a\\x0Ab\""},
        {"J\xc3\xb6rg", "key=J\xc3\xb6rg"},
        {"\xff", "key=\"\\xFF\""},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_reset(&out);
        log_field(&out, "key", slice_of(rows[i].value));
        check_text(rows[i].value, buf_slice(&out), rows[i].result);
    }
    log_field(&out, "next", SLICE("x"));
    check_contains("two fields", out.data, "\" next=x");
    buf_clear(&out);
}

/* What stderr gets while `speak` runs. */
static void spoken(void (*speak)(void), struct buf *out)
{
    char block[LIMIT_LOG_LINE * 5];
    int ends[2], old = dup(STDERR_FILENO);

    assert_int_equal(pipe(ends), 0);
    fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    speak();
    dup2(old, STDERR_FILENO);
    close(old);
    buf_reset(out);
    ssize_t got;
    while ((got = read(ends[0], block, sizeof block)) > 0)
        buf_put(out, block, (size_t)got);
    close(ends[0]);
}

static void speak_short(void)
{
    log_line("hello %s", "a\nb");
    log_note("more");
    log_raw(SLICE("S: 250 \x1b ok"));
    log_line("x");
}

static void speak_long(void)
{
    static char text[LIMIT_LOG_LINE * 2];

    memset(text, '\x01', sizeof text - 1);
    log_line("%s", text);
}

static void lines_for_people_are_single_named_and_bounded(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, LIMIT_LOG_LINE * 8);
    spoken(speak_short, &out);
    check_text("short", buf_slice(&out),
               "smtpost: hello a\\x0Ab\n         more\nS: 250 \\x1B ok\nsmtpost: x\n");
    spoken(speak_long, &out);
    assert_true(out.len > LIMIT_LOG_LINE && out.len <= LIMIT_LOG_LINE * 4 + 64);
    assert_int_equal(slice_find(buf_slice(&out), '\n', 0), out.len - 1);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_octets_become_harmless_and_text_stays),
        cmocka_unit_test(sizes_are_told_in_human_units),
        cmocka_unit_test(fields_are_quoted_when_they_must_be),
        cmocka_unit_test(lines_for_people_are_single_named_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
