/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "cmd/exitcode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "base/mem.h"

static const struct outcome served = {.verdict = VERDICT_DELIVERED, .by_server = true, .code = 250};
static const struct outcome unknown = {
    .verdict = VERDICT_REFUSED, .by_server = true, .code = 550, .step = "recipient"};
static const struct outcome unknown_by_status = {.verdict = VERDICT_REFUSED, .by_server = true,
                                                 .code = 554, .status = {5, 1, 1},
                                                 .step = "recipient"};
static const struct outcome denied = {.verdict = VERDICT_REFUSED, .by_server = true, .code = 550,
                                      .status = {5, 7, 1}, .step = "recipient"};
static const struct outcome greylisted = {
    .verdict = VERDICT_DEFERRED, .by_server = true, .code = 450, .step = "recipient"};
static const struct outcome too_big = {
    .verdict = VERDICT_REFUSED, .by_server = true, .code = 552, .step = "message"};
static const struct outcome login = {.verdict = VERDICT_REFUSED, .kind = ERR_AUTH,
                                     .by_server = true, .code = 535, .step = "login"};
static const struct outcome login_later = {
    .verdict = VERDICT_DEFERRED, .by_server = true, .code = 454, .step = "login"};
static const struct outcome lost = {.verdict = VERDICT_IN_DOUBT, .kind = ERR_CONNECT};
static const struct outcome no_host = {.verdict = VERDICT_REFUSED, .kind = ERR_RESOLVE};
static const struct outcome unreachable = {.verdict = VERDICT_DEFERRED, .kind = ERR_CONNECT};
static const struct outcome garbage = {.verdict = VERDICT_REFUSED, .kind = ERR_PROTOCOL};

static void the_worst_recipient_decides(void **state)
{
    static const struct {
        const struct outcome *outcomes[3];
        int status;
    } rows[] = {
        {{&served}, EX_OK},
        {{&served, &served}, EX_OK},
        {{&unknown}, EX_NOUSER},
        {{&served, &unknown}, EX_NOUSER},
        {{&unknown_by_status, &unknown}, EX_NOUSER},
        {{&denied}, EX_UNAVAILABLE},
        {{&unknown, &denied}, EX_UNAVAILABLE},
        {{&unknown, &greylisted}, EX_UNAVAILABLE},
        {{&served, &greylisted}, EX_TEMPFAIL},
        {{&too_big}, EX_UNAVAILABLE},
        {{&login}, EX_NOPERM},
        {{&login_later}, EX_TEMPFAIL},
        {{&lost}, EX_TEMPFAIL},
        {{&no_host}, EX_NOHOST},
        {{&unreachable}, EX_TEMPFAIL},
        {{&garbage}, EX_PROTOCOL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct envelope v = {0};
        struct path p = {0};
        struct err e;

        for (size_t j = 0; j < 3 && rows[i].outcomes[j]; j++) {
            assert_true(path_parse(&p, SLICE("a@b"), &e));
            envelope_add(&v, &p);
            outcome_copy(&v.recipients[j].outcome, rows[i].outcomes[j]);
        }
        if (exit_status_of_envelope(&v) != rows[i].status)
            fail_msg("row %zu: %d", i, exit_status_of_envelope(&v));
        envelope_clear(&v);
    }
}

static void errors_have_their_sysexits(void **state)
{
    (void)state;
    for (int kind = ERR_NONE + 1; kind < ERR_KINDS; kind++) {
        struct err e = {.kind = (enum err_kind)kind};
        assert_in_range(exit_status_of_err(&e), EX_USAGE, EX_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_recipient_decides),
        cmocka_unit_test(errors_have_their_sysexits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
