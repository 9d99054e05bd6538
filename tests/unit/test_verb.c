/* SPDX-License-Identifier: ISC
 * Copyright smtpost contributors */
#include "smtp/verb.h"

#include "check.h"

/* RFC 5321 4.5.3.2 in seconds: no step is given less. Other RFCs name no number. */
static void no_step_has_less_time_than_the_rfc_gives(void **state)
{
    static const struct {
        enum verb verb;
        int seconds;
    } rows[] = {
        {VERB_GREETING, 5 * 60}, {VERB_MAIL, 5 * 60}, {VERB_RCPT, 5 * 60}, {VERB_DATA, 2 * 60},
        {VERB_BODY, 10 * 60},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_in_range(verbs[rows[i].verb].seconds, rows[i].seconds, 3600);
}

static void every_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERBS; i++) {
        assert_non_null(verbs[i].name);
        assert_true(*verbs[i].name && *verbs[i].noun);
        check_contains(verbs[i].name, verbs[i].section, "RFC ");
        assert_in_range(verbs[i].seconds, 1, 3600);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(verbs[i].name, verbs[k].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_step_has_less_time_than_the_rfc_gives),
        cmocka_unit_test(every_row_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
