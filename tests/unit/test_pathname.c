/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "account/pathname.h"

#include "check.h"

#include <stdlib.h>

static void names_belong_to_the_file_that_says_them(void **state)
{
    static const struct {
        const char *written, *file, *home, *want;     /* NULL: refused */
    } rows[] = {
        {"/etc/x", "/home/ada/.smtprc", "/home/ada", "/etc/x"},
        {"x", "/home/ada/.smtprc", "/home/ada", "/home/ada/x"},
        {"x/y", "/etc/mail/smtprc", NULL, "/etc/mail/x/y"},
        {"../x", "/etc/mail/smtprc", NULL, "/etc/mail/../x"},
        {"x", "/smtprc", NULL, "/x"},
        {"x", "smtprc", NULL, "x"},
        {"x", NULL, "/home/ada", "x"},
        {"~/x", "/etc/smtprc", "/home/ada", "/home/ada/x"},
        {"~/x", NULL, "/home/ada/", "/home/ada/x"},
        {"~/", NULL, "/home/ada", "/home/ada/"},
        {"x~/y", "/etc/smtprc", "/home/ada", "/etc/x~/y"},
        /* No home, and no look-up of other people's. */
        {"~/x", "/etc/smtprc", NULL, NULL},
        {"~/x", "/etc/smtprc", "", NULL},
        {"~", "/etc/smtprc", "/home/ada", NULL},
        {"~bob/x", "/etc/smtprc", "/home/ada", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {.kind = ERR_NONE};
        char *got = pathname_resolve(rows[i].written, rows[i].file, rows[i].home, &e);

        check_row(rows[i].written, (got != NULL) == (rows[i].want != NULL), "taken or refused");
        if (got)
            check_text(rows[i].written, slice_of(got), rows[i].want);
        else
            check_contains(rows[i].written, e.text, "write the whole path");
        assert_int_equal(e.kind, got ? ERR_NONE : ERR_CONFIG);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_belong_to_the_file_that_says_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
