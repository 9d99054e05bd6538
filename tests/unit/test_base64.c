/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include "base/base64.h"

static void known_vectors_both_ways(void **state)
{
    static const struct {
        struct slice bytes;
        const char *text;
    } rows[] = {
        /* RFC 4648 10. */
        {TEXT(""), ""},
        {TEXT("f"), "Zg=="},
        {TEXT("fo"), "Zm8="},
        {TEXT("foo"), "Zm9v"},
        {TEXT("foob"), "Zm9vYg=="},
        {TEXT("fooba"), "Zm9vYmE="},
        {TEXT("foobar"), "Zm9vYmFy"},
        {TEXT("\0"), "AA=="},
        {TEXT("\0\0\0"), "AAAA"},
        {TEXT("\xff\xff\xff"), "////"},
        {TEXT("\xfb\xef\xbe"), "++++"},
        {TEXT("\0user\0pass"), "AHVzZXIAcGFzcw=="},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_reset(&out);
        base64_encode(&out, rows[i].bytes);
        check_slice(rows[i].bytes, buf_slice(&out), slice_of(rows[i].text));
        buf_reset(&out);
        check_row(rows[i].text, base64_decode(&out, slice_of(rows[i].text)), "decoded");
        check_slice(slice_of(rows[i].text), buf_slice(&out), rows[i].bytes);
    }
    buf_clear(&out);
}

static void only_what_the_encoder_writes_is_decoded(void **state)
{
    static const struct slice rows[] = {
        TEXT("Z"),     TEXT("Zg"),    TEXT("Zg="),       TEXT("Zg==="),    TEXT("===="),
        TEXT("Z==="),  TEXT("=Zg="),  TEXT("Zg=x"),      TEXT("Zm9v\n"),   TEXT("Zm9v    "),
        TEXT(" Zm9"),  TEXT("Zm-v"),  TEXT("Zm_v"),      TEXT("Zm9\0"),    TEXT("Zm9\xc3"),
        TEXT("Zh=="),  TEXT("Zm9="),  TEXT("Zg==Zm9v"),  TEXT("Zm8=Zm8="), TEXT("Zm\r\n"),
        TEXT("Zm9v*"), TEXT("Zm9v="), TEXT("Zm9v===="),
    };
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_reset(&out);
        buf_put_text(&out, "kept");
        check_row(rows[i].data, !base64_decode(&out, rows[i]), "refused");
        check_slice(rows[i], buf_slice(&out), SLICE("kept"));
    }
    buf_clear(&out);
}

static void random_bytes_come_back(void **state)
{
    char bytes[64];
    uint32_t seed = 6;
    struct buf text, back;

    (void)state;
    buf_init(&text, 1000);
    buf_init(&back, 1000);
    for (int round = 0; round < 2000; round++) {
        size_t len = check_random(&seed, sizeof bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)check_random(&seed, 256);
        buf_reset(&text);
        buf_reset(&back);
        base64_encode(&text, slice_make(bytes, len));
        assert_true(base64_decode(&back, buf_slice(&text)));
        check_slice(buf_slice(&text), buf_slice(&back), slice_make(bytes, len));
    }
    buf_clear(&text);
    buf_clear(&back);
}

static void a_result_without_room_is_no_result(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 2);
    assert_false(base64_decode(&out, SLICE("Zm9v")));
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_vectors_both_ways),
        cmocka_unit_test(only_what_the_encoder_writes_is_decoded),
        cmocka_unit_test(random_bytes_come_back),
        cmocka_unit_test(a_result_without_room_is_no_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
