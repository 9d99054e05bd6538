/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <string.h>

#include "net/pin.h"

#define HEX8 "00112233445566778899aabbccddeeff"
#define HEX HEX8 HEX8
#define COLONS8 "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define COLONS COLONS8 ":" COLONS8
/* The octets of HEX. */
#define BASE64 "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8="

static const struct {
    const char *text;
    const char *formatted;   /* NULL: is refused */
} rows[] = {
    {HEX, COLONS},
    {COLONS, COLONS},
    {"00112233445566778899AABBCCDDEEFF" HEX8, COLONS},
    {"pin-sha256:" BASE64, "pin-sha256:" BASE64},
    {"PIN-SHA256:" BASE64, "pin-sha256:" BASE64},
    {"", NULL},
    {HEX8, NULL},
    {HEX "00", NULL},
    {COLONS ":", NULL},
    {":" COLONS, NULL},
    {COLONS8 "::" COLONS8, NULL},
    {COLONS8 "-" COLONS8, NULL},
    {"g0112233445566778899aabbccddeeff" HEX8, NULL},
    {" " HEX, NULL},
    {COLONS8 ":" HEX8, NULL},
    {"pin-sha256:", NULL},
    {"pin-sha256:" HEX, NULL},
    {"pin-sha256:ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8", NULL},
    {"pin-sha256:ABEiM0RVZneImaq7zN3u_wARIjNEVWZ3iJmqu8zd7v8=", NULL},
    {"pin-sha256:ABEiM0RVZneImaq7zN3u/w==", NULL},
    {"sha256//" BASE64, NULL},
    {BASE64, NULL},
};

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {.kind = ERR_NONE};
        struct pin pin;
        struct buf out;

        buf_init(&out, 128);
        bool ok = pin_parse(slice_of(rows[i].text), &pin, &e);
        if (ok)
            pin_format(&out, &pin);
        else
            assert_int_equal(e.kind, ERR_CONFIG);
        if (ok != (rows[i].formatted != NULL) ||
            (ok && strcmp(out.data, rows[i].formatted) != 0))
            fail_msg("row %zu: \"%s\"", i, rows[i].text);
        buf_clear(&out);
    }
}

static void equal_means_the_same_thing(void **state)
{
    struct pin certificate, key, other;
    struct err e;

    (void)state;
    assert_true(pin_parse(SLICE(HEX), &certificate, &e));
    assert_true(pin_parse(SLICE("pin-sha256:" BASE64), &key, &e));
    other = certificate;
    assert_true(pin_equal(&certificate, &other));
    /* The same octets of another thing. */
    assert_false(pin_equal(&certificate, &key));
    other.sha256[31] ^= 1;
    assert_false(pin_equal(&certificate, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(equal_means_the_same_thing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
