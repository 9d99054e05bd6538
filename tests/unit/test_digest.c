/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "check.h"

#include <stdio.h>

#include "base/digest.h"

static void check_digest(const char *input, const struct digest *d, const char *hex)
{
    char got[2 * sizeof d->bytes + 1] = "";

    for (size_t i = 0; i < d->len; i++)
        snprintf(got + 2 * i, 3, "%02x", d->bytes[i]);
    check_text(input, slice_of(got), hex);
}

/* RFC 1321 A.5, FIPS 180 */
static void hashes_of_abc(void **state)
{
    static const char *const rows[HASHES] = {
        [HASH_MD5] = "900150983cd24fb0d6963f7d28e17f72",
        [HASH_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
        [HASH_SHA224] = "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        [HASH_SHA256] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        [HASH_SHA384] = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                        "8086072ba1e7cc2358baeca134c825a7",
        [HASH_SHA512] = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    };
    struct digest d;

    (void)state;
    for (size_t i = 0; i < HASHES; i++) {
        assert_true(digest_hash((enum hash)i, SLICE("abc"), &d));
        check_digest("abc", &d, rows[i]);
    }
}

/* RFC 2202, RFC 4231; keys longer than a block are hashed first. */
static void hmacs_of_the_rfcs(void **state)
{
    char aa[131];
    static const struct slice what = TEXT("what do ya want for nothing?");
    static const struct slice large =
        TEXT("Test Using Larger Than Block-Size Key - Hash Key First");
    struct digest d;

    (void)state;
    memset(aa, 0xaa, sizeof aa);
    assert_true(digest_hmac(HASH_MD5, SLICE("Jefe"), what, &d));
    check_digest("RFC 2202, MD5, 2", &d, "750c783e6ab0b503eaa86e310a5db738");
    assert_true(digest_hmac(HASH_SHA1, SLICE("Jefe"), what, &d));
    check_digest("RFC 2202, SHA-1, 2", &d, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    assert_true(digest_hmac(HASH_MD5, slice_make(aa, 80), large, &d));
    check_digest("RFC 2202, MD5, 6", &d, "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    assert_true(digest_hmac(HASH_SHA256, slice_make(aa, 131), large, &d));
    check_digest("RFC 4231, 6", &d,
                 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_true(digest_hmac(HASH_MD5, SLICE(""), SLICE(""), &d));
    check_digest("nothing", &d, "74e6f7298a9c2d168935f58c001bad88");
}

/* RFC 6070; RFC 7914 11 */
static void pbkdf2_of_the_rfcs(void **state)
{
    struct digest d;

    (void)state;
    assert_true(digest_pbkdf2(HASH_SHA1, SLICE("password"), SLICE("salt"), 1, &d));
    check_digest("RFC 6070, 1", &d, "0c60c80f961f0e71f3a9b524af6012062fe037a6");
    assert_true(digest_pbkdf2(HASH_SHA1, SLICE("password"), SLICE("salt"), 4096, &d));
    check_digest("RFC 6070, 4096", &d, "4b007901b765489abead49d926f721d065a429c1");
    assert_true(digest_pbkdf2(HASH_SHA256, SLICE("passwd"), SLICE("salt"), 1, &d));
    check_digest("RFC 7914 11", &d,
                 "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    assert_false(digest_pbkdf2(HASH_SHA1, SLICE("p"), SLICE("s"), 1UL << 40, &d));
    assert_int_equal(d.len, 0);
}

static void equal_is_equal_in_length_too(void **state)
{
    (void)state;
    assert_true(digest_equal(SLICE("abc"), SLICE("abc")));
    assert_true(digest_equal(SLICE(""), SLICE("")));
    assert_false(digest_equal(SLICE("abc"), SLICE("abd")));
    assert_false(digest_equal(SLICE("abc"), SLICE("ab")));
    assert_false(digest_equal(SLICE(""), SLICE("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_of_abc),
        cmocka_unit_test(hmacs_of_the_rfcs),
        cmocka_unit_test(pbkdf2_of_the_rfcs),
        cmocka_unit_test(equal_is_equal_in_length_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
