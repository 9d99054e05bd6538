/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "sasl_run.h"

#define NONCE_1 "fyko+d2lbbFgONRv9qkxdawL"
#define NONCE_256 "rOprNGfwEbeRWgbNEkqO"
#define BOTH_1 NONCE_1 "3rfcNHYJY1ZVvWVs7j"
#define BOTH_256 NONCE_256 "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define SALT_1 ",s=QSXCR+Q6sek8bf92,i=4096"
#define SALT_256 ",s=W22ZaJ0SNY7soEsUEjb6gQ=="
#define PROOF_256 "c=biws,r=" BOTH_256 ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SIGNATURE_256 "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static struct sasl_params as(const char *user, const char *nonce)
{
    return (struct sasl_params){.user = slice_of(user), .nonce = nonce};
}

static struct sasl_params bound(struct sasl_params params, const char *type, struct slice data)
{
    params.binding = (struct sasl_binding){type, data};
    return params;
}

static void the_vectors_of_the_rfcs(void **state)
{
    /* RFC 5802 5 */
    static const struct round sha_1[] = {
        ROUND("", "n,,n=user,r=" NONCE_1),
        ROUND("r=" BOTH_1 SALT_1, "c=biws,r=" BOTH_1 ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
        ROUND("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", ""),
        END,
    };
    /* RFC 7677 3 */
    static const struct round sha_256[] = {
        ROUND("", "n,,n=user,r=" NONCE_256),
        ROUND("r=" BOTH_256 SALT_256 ",i=4096", PROOF_256),
        ROUND(SIGNATURE_256, ""),
        END,
    };
    /* No document has one: computed with Python's hashlib and hmac. */
    static const struct round sha_512[] = {
        ROUND("", "n,,n=user,r=" NONCE_256),
        ROUND("r=" BOTH_256 SALT_256 ",i=10000",
              "c=biws,r=" BOTH_256 ",p=sScffJ11LZ4TfY4PVI/6/9rMIHpix12AijdjQOPWK26er2vRtW/osDSi/"
              "hegaCFWfI91sJZd0bevncVEhUg0wQ=="),
        ROUND("v=RjtcFh+1kT0TmNH2klLiCXHiJLvMLwWuSSjecIns8FBSn0XXRb3iv2qU96STCkYC2Go0feONylPqhw4"
              "6oweC5A==", ""),
        END,
    };

    (void)state;
    sasl_run("SCRAM-SHA-1", as("user", NONCE_1), "pencil", sha_1, true);
    sasl_run("SCRAM-SHA-256", as("user", NONCE_256), "pencil", sha_256, true);
    sasl_run("SCRAM-SHA-512", as("user", NONCE_256), "pencil", sha_512, true);
}

/* Computed with Python. */
static void the_channel_is_bound(void **state)
{
    static const char octets[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
                                 "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";
    static const char zeros[48];
    static const struct round exporter[] = {
        ROUND("", "p=tls-exporter,,n=a=3Db=2Cc,r=" NONCE_256),
        ROUND("r=" NONCE_256 "XYZ,s=c2FsdHNhbHRzYWx0c2FsdA==,i=4096",
              "c=cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f,r=" NONCE_256
              "XYZ,p=KaWSrOrijT8ndS8VZrCNsPGMERYmrTeKgEx6E3E30CQ="),
        ROUND("v=Al0qLK1zugGyuPymb07eLL4t+muW5srPvIvrPDUtiAk=", ""),
        END,
    };
    static const struct round unique[] = {
        ROUND("", "p=tls-unique,,n=user,r=" NONCE_1),
        ROUND("r=" BOTH_1 SALT_1,
              "c=cD10bHMtdW5pcXVlLCwBAgD/,r=" BOTH_1 ",p=YWa99kZItUyEJzwr0zZq5KbLbAU="),
        ROUND("v=xQC7HTLW+6nBey7ivEGK5EzZzEY=", ""),
        END,
    };
    static const struct round end_point[] = {
        ROUND("", "p=tls-server-end-point,,n=user,r=" NONCE_256),
        ROUND("r=" BOTH_256 SALT_256 ",i=4096",
              "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
              "AAAAAAAAAAAAAAAA,r=" BOTH_256 ",p=LdtkMt5kA3etZcTBi5GYO6Cbkm0Hwn5F21gh1mkhsxn36+K"
              "a4gwNukIewQF+8exI5JVQmdtIpWOULUVBwAvTVQ=="),
        ROUND("v=r1p8pVt5fXshdxwmO45EUPB4Dc7NTNXOzehvkiewRq2t/VHT3nZGhFIKCPce7sNfz889rvoCwNV5H2z"
              "/uxygKg==", ""),
        END,
    };

    (void)state;
    sasl_run("SCRAM-SHA-256-PLUS",
             bound(as("a=b,c", NONCE_256), "tls-exporter", slice_make(octets, 32)),
             "p\xc3\xa4ss,=wort", exporter, true);
    sasl_run("SCRAM-SHA-1-PLUS",
             bound(as("user", NONCE_1), "tls-unique", SLICE("\x01\x02\x00\xff")), "pencil", unique,
             true);
    sasl_run("SCRAM-SHA-512-PLUS",
             bound(as("user", NONCE_256), "tls-server-end-point", slice_make(zeros, 48)), "pencil",
             end_point, true);
}

/* A server that could bind after all learns that its offer was hidden from us. */
static void a_missing_offer_to_bind_is_told(void **state)
{
    static const struct round rounds[] = {
        ROUND("", "y,,n=user,r=" NONCE_256),
        ROUND("r=" BOTH_256 SALT_256 ",i=4096",
              "c=eSws,r=" BOTH_256 ",p=FoqiHTtQEDE8lz1CdaEe3tK4mS+iMDTl77SPyDS53DY="),
        ROUND("v=dI4KpiQJwBr1+V+K6U1dA6l6I4I9DUNXWND4pcpRU3U=", ""),
        END,
    };
    struct sasl_params params = as("user", NONCE_256);

    (void)state;
    params.may_bind = true;
    sasl_run("SCRAM-SHA-256", params, "pencil", rounds, true);
}

#define FIRST ROUND("", "n,,n=user,r=" NONCE_256)
#define BAD(challenge, fault, kind) {FIRST, {TEXT(challenge), TEXT(""), fault, kind}, END}

static void a_first_message_that_is_wrong_ends_it(void **state)
{
    static const struct round rows[][3] = {
        /* The nonce: another one, ours and nothing more, ours with something in front. */
        BAD("r=other" SALT_256 ",i=4096", "nonce", ERR_AUTH),
        BAD("r=" NONCE_256 SALT_256 ",i=4096", "nonce", ERR_AUTH),
        BAD("r=x" BOTH_256 SALT_256 ",i=4096", "nonce", ERR_AUTH),
        BAD("r=rOprNGfwEbeRWgbNEkq" SALT_256 ",i=4096", "nonce", ERR_AUTH),
        BAD("r=ROPRNGFWEBERWGBNEKQOxyz" SALT_256 ",i=4096", "nonce", ERR_AUTH),
        BAD("r=" NONCE_256 "a b" SALT_256 ",i=4096", "printable", ERR_PROTOCOL),
        BAD("r=" NONCE_256 "a\0b" SALT_256 ",i=4096", "printable", ERR_PROTOCOL),
        BAD("r=" SALT_256 ",i=4096", "SCRAM", ERR_PROTOCOL),
        /* The count. */
        BAD("r=" BOTH_256 SALT_256 ",i=4095", "4095 iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=1", "1 iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=0", "iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=1000001", "1000001 iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=1000000000", "iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=18446744073709555712", "iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=9999999999999999999999999999999", "iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=04096", "iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=+4096", "iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=-4096", "iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i= 4096", "iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=4096 ", "iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=0x1000", "iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=4096\n", "iterations", ERR_AUTH),
        BAD("r=" BOTH_256 SALT_256 ",i=", "SCRAM", ERR_PROTOCOL),
        /* The salt. */
        BAD("r=" BOTH_256 ",s=,i=4096", "SCRAM", ERR_PROTOCOL),
        BAD("r=" BOTH_256 ",s=W22ZaJ0SNY7soEsUEjb6gQ,i=4096", "salt", ERR_PROTOCOL),
        BAD("r=" BOTH_256 ",s=!!!!,i=4096", "salt", ERR_PROTOCOL),
        /* The form. */
        BAD("", "SCRAM", ERR_PROTOCOL),
        BAD("hello", "SCRAM", ERR_PROTOCOL),
        BAD(",", "SCRAM", ERR_PROTOCOL),
        BAD("r", "SCRAM", ERR_PROTOCOL),
        BAD("r=" BOTH_256, "SCRAM", ERR_PROTOCOL),
        BAD("r=" BOTH_256 SALT_256, "SCRAM", ERR_PROTOCOL),
        BAD("s=W22ZaJ0SNY7soEsUEjb6gQ==,r=" BOTH_256 ",i=4096", "SCRAM", ERR_PROTOCOL),
        BAD("r=" BOTH_256 ",i=4096" SALT_256, "SCRAM", ERR_PROTOCOL),
        BAD("r=" BOTH_256 ",x=1" SALT_256 ",i=4096", "SCRAM", ERR_PROTOCOL),
        BAD("m=totp,r=" BOTH_256 SALT_256 ",i=4096", "extension", ERR_PROTOCOL),
        /* The end before the beginning: no proof of ours is out, nothing can be proved yet. */
        BAD("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "SCRAM", ERR_PROTOCOL),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        sasl_run("SCRAM-SHA-256", as("user", NONCE_256), "pencil", rows[i], false);
}

static void counts_at_the_bounds_and_extensions_are_taken(void **state)
{
    static const struct round unknown_extension[] = {
        FIRST,
        ROUND("r=" BOTH_256 SALT_256 ",i=4096,x=later",
              "c=biws,r=" BOTH_256 ",p=F73nAUxNDnYW+Ejuf8INj38TyL5YTCJzp4SIbkUWOrA="),
        END,
    };
    struct sasl s;
    struct buf response;
    struct err e;
    struct secret secret = {0};
    struct sasl_params params = as("user", NONCE_256);

    (void)state;
    secret_set(&secret, SLICE("pencil"));
    params.secret = &secret;
    sasl_run("SCRAM-SHA-256", params, "pencil", unknown_extension, false);
    buf_init(&response, 1000);
    sasl_start(&s, &sasl_scram_sha_256, &params);
    assert_true(sasl_step(&s, SLICE(""), &response, &e));
    assert_true(sasl_step(&s, SLICE("r=" BOTH_256 SALT_256 ",i=1000000"), &response, &e));
    sasl_end(&s);
    buf_wipe(&response);
    secret_clear(&secret);
}

#define SECOND ROUND("r=" BOTH_256 SALT_256 ",i=4096", PROOF_256)
#define FORGED(text, fault, kind) {FIRST, SECOND, {TEXT(text), TEXT(""), fault, kind}, END}

static void a_server_without_the_password_is_found_out(void **state)
{
    static const struct round rows[][4] = {
        FORGED("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "impostor", ERR_AUTH),
        FORGED("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "impostor", ERR_AUTH),
        FORGED("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl9", "impostor", ERR_AUTH),
        FORGED("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5h", "impostor", ERR_AUTH),
        FORGED("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "impostor", ERR_AUTH),
        FORGED("v=", "SCRAM", ERR_PROTOCOL),
        FORGED("v=nonsense", "impostor", ERR_AUTH),
        FORGED("v=non-sense", "SCRAM", ERR_PROTOCOL),
        FORGED("", "SCRAM", ERR_PROTOCOL),
        FORGED("ok", "SCRAM", ERR_PROTOCOL),
        FORGED("r=" BOTH_256 SALT_256 ",i=4096", "SCRAM", ERR_PROTOCOL),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        sasl_run("SCRAM-SHA-256", as("user", NONCE_256), "pencil", rows[i], false);
}

static void half_an_exchange_is_no_success(void **state)
{
    static const struct round one[] = {FIRST, END};
    static const struct round two[] = {FIRST, SECOND, END};
    static const struct round more[] = {FIRST, SECOND, ROUND(SIGNATURE_256, ""),
                                        FAULT("v=again", "more than SCRAM"), END};

    (void)state;
    sasl_run("SCRAM-SHA-256", as("user", NONCE_256), "pencil", one, false);
    sasl_run("SCRAM-SHA-256", as("user", NONCE_256), "pencil", two, false);
    sasl_run("SCRAM-SHA-256", as("user", NONCE_256), "pencil", more, true);
}

static void the_servers_reason_is_kept_and_no_success_can_follow(void **state)
{
    static const struct slice early[] = {TEXT("e=unknown-user"), TEXT("e=unknown-user\r\n")};
    struct secret secret = {0};
    struct sasl_params params = as("user", NONCE_256);
    struct sasl s;
    struct buf response;
    struct err e;

    (void)state;
    secret_set(&secret, SLICE("pencil"));
    params.secret = &secret;
    for (size_t i = 0; i < COUNT(early); i++) {
        buf_init(&response, 1000);
        sasl_start(&s, &sasl_scram_sha_256, &params);
        assert_true(sasl_step(&s, SLICE(""), &response, &e));
        buf_reset(&response);
        assert_true(sasl_step(&s, early[i], &response, &e));
        assert_int_equal(response.len, 0);
        assert_string_equal(s.detail, "unknown-user");
        assert_false(s.done);
        assert_false(sasl_step(&s, SLICE(SIGNATURE_256), &response, &e));
        assert_false(s.done);
        sasl_end(&s);
        buf_wipe(&response);
    }
    secret_clear(&secret);
}

static void control_characters_are_refused(void **state)
{
    static const struct round bad_user[] = {FAULT("", "user"), END};
    static const struct round bad_password[] = {FAULT("", "password"), END};

    (void)state;
    sasl_run("SCRAM-SHA-1", as("us\x01" "er", NONCE_1), "pencil", bad_user, false);
    sasl_run("SCRAM-SHA-1", as("us\x7f" "er", NONCE_1), "pencil", bad_user, false);
    sasl_run("SCRAM-SHA-1", as("user", NONCE_1), "pen\tcil", bad_password, false);
}

static void nonces_differ_and_hold_no_comma(void **state)
{
    char seen[2][200];
    struct secret secret = {0};
    struct sasl_params params = as("user", NULL);

    (void)state;
    secret_set(&secret, SLICE("pencil"));
    params.secret = &secret;
    for (size_t i = 0; i < 2; i++) {
        struct sasl s;
        struct buf response;
        struct err e;
        buf_init(&response, sizeof seen[0] - 1);
        sasl_start(&s, &sasl_scram_sha_256, &params);
        assert_true(sasl_step(&s, SLICE(""), &response, &e));
        memcpy(seen[i], response.data, response.len + 1);
        sasl_end(&s);
        buf_wipe(&response);
    }
    assert_string_not_equal(seen[0], seen[1]);
    assert_int_equal(strlen(seen[0]), sizeof "n,,n=user,r=" - 1 + 32);
    assert_null(strchr(strstr(seen[0], "r="), ','));
    secret_clear(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfcs),
        cmocka_unit_test(the_channel_is_bound),
        cmocka_unit_test(a_missing_offer_to_bind_is_told),
        cmocka_unit_test(a_first_message_that_is_wrong_ends_it),
        cmocka_unit_test(counts_at_the_bounds_and_extensions_are_taken),
        cmocka_unit_test(a_server_without_the_password_is_found_out),
        cmocka_unit_test(half_an_exchange_is_no_success),
        cmocka_unit_test(the_servers_reason_is_kept_and_no_success_can_follow),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(nonces_differ_and_hold_no_comma),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
